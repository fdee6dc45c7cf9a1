import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import type { Source } from "../admit/source.ts";
import type { Viewer, ViewerDoor } from "../admit/viewer.ts";
import { finishStream } from "./finish-stream.ts";
import type { Arrival } from "./ports.ts";
import { startTls } from "./start-tls.ts";

export interface RfbViewerOptions {
  readonly door: ViewerDoor;
  /** What TLS inside the connection shows; absent: it is encrypted already. */
  readonly certificate?: () => SecureContext;
  /** @see Viewer.only */
  readonly only?: ReadonlySet<string>;
  readonly clock: Clock;
}

/** A viewer that speaks RFB on a connection of its own, plain or inside TLS. */
export class RfbViewer implements Viewer {
  readonly transport = "rfb";
  readonly ticket = null;
  readonly door: ViewerDoor;
  readonly source: Source;
  readonly only: ReadonlySet<string> | null;
  readonly admitted: () => void;
  readonly encrypt: ((signal: AbortSignal) => Promise<void>) | null;
  readonly #clock: Clock;
  readonly #socket: Socket;
  #stream: Duplex;
  #finished = false;

  constructor({ socket, source, admitted }: Arrival, { door, certificate, only, clock }: RfbViewerOptions) {
    this.#socket = socket;
    this.#stream = socket;
    this.#clock = clock;
    this.door = door;
    this.only = only ?? null;
    this.source = source;
    this.admitted = admitted;
    this.encrypt = certificate ? (signal) => this.#encrypt(certificate(), signal) : null;
  }

  get stream(): Duplex {
    return this.#stream;
  }

  continueOn(stream: Duplex): void {
    this.#stream = stream;
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    finishStream(this.#stream, this.#clock);
  }

  async #encrypt(context: SecureContext, signal: AbortSignal): Promise<void> {
    const { socket, secured } = startTls(this.#socket, context, this.#clock, signal);
    this.#stream = socket;
    await secured;
  }
}
