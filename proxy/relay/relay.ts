import type { Duplex } from "node:stream";
import {
  ClientFilter,
  PixelFormatTracker,
  isPosternError,
  mustParseServerStream,
  PeerClosed,
  pipe,
  ServerFilter,
  type ClientPolicy,
  type Clock,
  type PixelFormat,
  type Pipe,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { EndCause } from "./end-cause.ts";

/** The two streams of a session, both past ServerInit. */
export interface RelayEnds {
  readonly viewer: Duplex;
  readonly server: Duplex;
}

export interface Relay {
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
  /** Settles with the first cause; the caller closes both ends. Never rejects. */
  readonly ended: Promise<EndCause>;
  /** From now on nothing passes either way; both ends stay open. Idempotent. */
  stop(): void;
}

export interface RelayOptions {
  readonly policy: ClientPolicy;
  /** The one of ServerInit. */
  readonly pixelFormat: PixelFormat;
}

/**
 * Moves bytes both ways. The server's are not looked at unless the policy needs it; the viewer's go through the filter,
 * message by message. When one direction ends, the other may finish what it has.
 */
export function startRelay({ viewer, server }: RelayEnds, options: RelayOptions, clock: Clock): Relay {
  const format = mustParseServerStream(options.policy)
    ? new PixelFormatTracker(options.pixelFormat)
    : undefined;
  let toServer: (chunk: Buffer) => void = () => undefined;
  let toViewer: (chunk: Buffer) => void = () => undefined;
  const clientFilter = new ClientFilter(options.policy, (chunk) => toServer(chunk), format);
  const serverFilter = format && new ServerFilter(format, (chunk) => toViewer(chunk));
  const down = serverFilter
    ? pipe(server, viewer, (chunk, onward) => {
        toViewer = onward;
        serverFilter.push(chunk);
      })
    : pipe(server, viewer);
  const up = pipe(viewer, server, (chunk, onward) => {
    toServer = onward;
    clientFilter.push(chunk);
  });
  return {
    get bytesToViewer() {
      return down.bytes;
    },
    get bytesToServer() {
      return up.bytes;
    },
    ended: awaitEnd(down, up, { viewer, server }, clock),
    stop: () => {
      down.stop();
      up.stop();
    },
  };
}

interface DirectionEnd {
  readonly cause: EndCause;
  readonly graceful: boolean;
}

async function awaitEnd(down: Pipe, up: Pipe, ends: RelayEnds, clock: Clock): Promise<EndCause> {
  const downEnd = describeEnd(down, "DESKTOP_ENDED", ends);
  const upEnd = describeEnd(up, "VIEWER_LEFT", ends);
  const first = await Promise.race([downEnd, upEnd]);
  if (first.graceful) {
    const [other, otherEnd] = first.cause === "DESKTOP_ENDED" ? [up, upEnd] : [down, downEnd];
    await Promise.race([otherEnd, awaitSilence(other, clock)]);
  }
  down.stop();
  up.stop();
  return first.cause;
}

async function describeEnd(run: Pipe, cause: EndCause, ends: RelayEnds): Promise<DirectionEnd> {
  try {
    await run.ended;
    return { cause, graceful: true };
  } catch (error) {
    if (isPosternError(error) && !(error instanceof PeerClosed)) {
      return { cause: cause === "VIEWER_LEFT" ? "VIEWER_PROTOCOL" : "DESKTOP_PROTOCOL", graceful: false };
    }
    return { cause: toLossCause(ends), graceful: false };
  }
}

/** A side that has said goodbye before the connection broke has left. */
function toLossCause({ viewer, server }: RelayEnds): EndCause {
  if (viewer.readableEnded) return "VIEWER_LEFT";
  if (viewer.destroyed) return "VIEWER_LOST";
  return server.readableEnded ? "DESKTOP_ENDED" : "DESKTOP_LOST";
}

/** Settles once nothing has moved for a while. */
function awaitSilence(run: Pipe, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const watch = (before: number): void => {
      clock.after(PROXY_LIMITS.halfCloseMs, () => {
        if (run.bytes === before) resolve();
        else watch(run.bytes);
      });
    };
    watch(run.bytes);
  });
}
