import {
  ClientFilter,
  mustParseServerStream,
  PixelFormatTracker,
  ServerFilter,
} from "../../protocol/index.ts";
import type { RelayedSession, StreamFilter } from "./stream-stage.ts";

/**
 * What the role and the denied permissions of the viewer allow. The viewer's messages are always filtered; the server's
 * stream is parsed only where the policy needs it.
 */
export function createPolicyFilter({ identity, pixelFormat, holdsInput }: RelayedSession): StreamFilter {
  const policy = {
    control: identity.role === "control",
    denied: new Set(identity.denied),
    get holdsInput() {
      return holdsInput();
    },
  };
  const format = mustParseServerStream(policy) ? new PixelFormatTracker(pixelFormat) : undefined;
  let toServer: (chunk: Buffer) => void = () => undefined;
  const clientFilter = new ClientFilter(policy, (chunk) => toServer(chunk), format);
  const filter: StreamFilter = {
    toServer: (chunk, forward) => {
      toServer = forward;
      clientFilter.push(chunk);
    },
  };
  if (!format) return filter;
  let toViewer: (chunk: Buffer) => void = () => undefined;
  const serverFilter = new ServerFilter(format, (chunk) => toViewer(chunk));
  return {
    ...filter,
    toViewer: (chunk, forward) => {
      toViewer = forward;
      serverFilter.push(chunk);
    },
  };
}
