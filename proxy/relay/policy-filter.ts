import {
  ClientFilter,
  mustParseServerStream,
  PixelFormatTracker,
  ServerFilter,
  type ClientPolicy,
} from "../../protocol/index.ts";
import type { Logger } from "pino";
import type { RelayedSession, StreamFilter } from "./stream-stage.ts";

interface FilterOptions extends Pick<RelayedSession, "log" | "noteInput"> {
  readonly format: PixelFormatTracker | undefined;
}

/** One line for each kind of message that was left out of a session. */
class LoggedClientFilter extends ClientFilter {
  readonly #log: Logger;
  readonly #noteInput: () => void;
  readonly #logged = new Set<string>();

  constructor(
    policy: ClientPolicy,
    forward: (chunk: Buffer) => void,
    { format, log, noteInput }: FilterOptions,
  ) {
    super(policy, forward, format);
    this.#log = log;
    this.#noteInput = noteInput;
  }

  protected override onInput(): void {
    this.#noteInput();
  }

  protected override onLeftOut(message: string): void {
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.#log.info({ event: "session.left-out", message }, "a message of the viewer was left out");
  }
}

/**
 * What the role and the denied permissions of the viewer allow. The viewer's messages are always filtered; the server's
 * stream is parsed only where the policy needs it.
 */
export function createPolicyFilter(session: RelayedSession): StreamFilter {
  const { identity, pixelFormat, holdsInput, noteInput, log } = session;
  const policy = {
    control: identity.role === "control",
    denied: new Set(identity.denied),
    get holdsInput() {
      return holdsInput();
    },
  };
  const format = mustParseServerStream(policy) ? new PixelFormatTracker(pixelFormat) : undefined;
  let toServer: (chunk: Buffer) => void = () => undefined;
  const clientFilter = new LoggedClientFilter(policy, (chunk) => toServer(chunk), { format, log, noteInput });
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
