import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import { awaitFirstBytes } from "./first-bytes.ts";
import { isHttp, isTls } from "./protocol-signs.ts";
import type { Arrival } from "./ports.ts";

export interface PlainRoutes {
  /** A ClientHello; `cancelDeadline` is for the end of the handshake. */
  readonly tls: (arrival: Arrival, cancelDeadline: () => void) => void;
  /** A request of plain HTTP; the deadline goes on. */
  readonly http: (arrival: Arrival) => void;
  /** It says nothing: a viewer that waits for our greeting. */
  readonly viewer: (arrival: Arrival) => void;
}

/**
 * The port that takes everything: the first byte of a connection, or that there is none, decides who goes
 * on with it.
 */
export class OnePort {
  readonly #routes: PlainRoutes;
  readonly #clock: Clock;

  constructor(routes: PlainRoutes, clock: Clock) {
    this.#routes = routes;
    this.#clock = clock;
  }

  accept(arrival: Arrival): void {
    const { socket } = arrival;
    const clock = this.#clock;
    const cancel = clock.after(LIMITS.tlsHandshakeMs, () => socket.destroy());
    const cancelDeadline = (): void => {
      socket.off("close", cancel);
      cancel();
    };
    socket.once("close", cancel);
    awaitFirstBytes(socket, { clock, silenceMs: LIMITS.viewerSilenceMs }, (first) => {
      if (first === "silence") {
        cancelDeadline();
        this.#routes.viewer(arrival);
      } else if (first !== "end" && isTls(first)) this.#routes.tls(arrival, cancelDeadline);
      else if (first !== "end" && isHttp(first)) this.#routes.http(arrival);
      else socket.destroy();
    });
  }
}
