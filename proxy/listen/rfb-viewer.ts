import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../protocol/index.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { AcceptedViewer, ViewerListener } from "../model/accepted-viewer.ts";
import { finishStream } from "./finish-stream.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";
import { startTls } from "./start-tls.ts";

export interface RfbViewerOptions {
  readonly listener: ViewerListener;
  /** What TLS inside the connection shows; absent: it is encrypted already. */
  readonly certificate?: () => SecureContext;
  /** @see AcceptedViewer.requestedDesktopIds */
  readonly requestedDesktopIds?: ReadonlySet<string>;
  readonly clock: Clock;
}

/** A viewer that speaks RFB on a connection of its own, plain or inside TLS. */
export class RfbViewer implements AcceptedViewer {
  readonly transport = "rfb";
  readonly ticket = null;
  readonly pings = null;
  readonly listener: ViewerListener;
  readonly source: ConnectionSource;
  readonly requestedDesktopIds: ReadonlySet<string> | null;
  readonly admitted: () => void;
  readonly encrypt: ((signal: AbortSignal) => Promise<void>) | null;
  readonly #clock: Clock;
  readonly #socket: Socket;
  #stream: Duplex;
  #finished = false;

  constructor(
    { socket, source, admitted }: AcceptedConnection,
    { listener, certificate, requestedDesktopIds, clock }: RfbViewerOptions,
  ) {
    this.#socket = socket;
    this.#stream = socket;
    this.#clock = clock;
    this.listener = listener;
    this.requestedDesktopIds = requestedDesktopIds ?? null;
    this.source = source;
    this.admitted = admitted;
    this.encrypt = certificate ? (signal) => this.#encrypt(certificate(), signal) : null;
  }

  get stream(): Duplex {
    return this.#stream;
  }

  replaceStream(stream: Duplex): void {
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
