import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { awaitFirstBytes } from "./first-bytes.ts";
import { isHttp, isTls } from "./protocol-signatures.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";

export interface PlainHandlers {
  /** A ClientHello; `cancelDeadline` is for the end of the handshake. */
  readonly tls: (arrival: AcceptedConnection, cancelDeadline: () => void) => void;
  /** A request of plain HTTP; the deadline goes on. */
  readonly http: (arrival: AcceptedConnection) => void;
  /** It says nothing: a viewer that waits for our greeting. */
  readonly viewer: (arrival: AcceptedConnection) => void;
}

/**
 * The port that takes everything: the first byte of a connection, or that there is none, decides who goes
 * on with it.
 */
export class ProtocolDetector {
  readonly #handlers: PlainHandlers;
  readonly #clock: Clock;

  constructor(routes: PlainHandlers, clock: Clock) {
    this.#handlers = routes;
    this.#clock = clock;
  }

  accept(arrival: AcceptedConnection): void {
    const { socket } = arrival;
    const clock = this.#clock;
    const cancel = clock.after(PROXY_LIMITS.tlsHandshakeMs, () => socket.destroy());
    const cancelDeadline = (): void => {
      socket.off("close", cancel);
      cancel();
    };
    socket.once("close", cancel);
    awaitFirstBytes(socket, { clock, silenceMs: PROXY_LIMITS.viewerSilenceMs }, (first) => {
      if (first === "silence") {
        cancelDeadline();
        this.#handlers.viewer(arrival);
      } else if (first !== "end" && isTls(first)) this.#handlers.tls(arrival, cancelDeadline);
      else if (first !== "end" && isHttp(first)) this.#handlers.http(arrival);
      else socket.destroy();
    });
  }
}
