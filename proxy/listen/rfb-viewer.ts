import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { AcceptedViewer, ViewerListener } from "../model/accepted-viewer.ts";
import { countRetransmissions } from "./count-retransmissions.ts";
import { finishStream } from "./finish-stream.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";
import { startTls, type TlsStartOptions } from "./start-tls.ts";

export interface RfbViewerOptions {
  readonly listener: ViewerListener;
  /** TLS inside the connection: what it shows, and its turn for the handshake. Absent: it is encrypted already. */
  readonly tls?: Pick<TlsStartOptions, "certificate" | "enqueue">;
  /** @see AcceptedViewer.requestedDesktopIds */
  readonly requestedDesktopIds?: ReadonlySet<string>;
  readonly clock: Clock;
}

/** A viewer that speaks RFB on a connection of its own, plain or inside TLS. */
export class RfbViewer implements AcceptedViewer {
  readonly transport = "rfb";
  readonly ticket = null;
  readonly asksAccount = false;
  readonly pings = null;
  readonly listener: ViewerListener;
  readonly source: ConnectionSource;
  readonly requestedDesktopIds: ReadonlySet<string> | null;
  readonly authenticated: () => void;
  readonly encrypt: ((signal: AbortSignal) => Promise<void>) | null;
  readonly countRetransmissions: () => Promise<number | null>;
  readonly #clock: Clock;
  #stream: Duplex;
  #finished = false;

  constructor(
    { socket, source, authenticated }: AcceptedConnection,
    { listener, tls, requestedDesktopIds, clock }: RfbViewerOptions,
  ) {
    this.#stream = socket;
    this.#clock = clock;
    this.countRetransmissions = () => countRetransmissions(socket);
    this.listener = listener;
    this.requestedDesktopIds = requestedDesktopIds ?? null;
    this.source = source;
    this.authenticated = authenticated;
    this.encrypt =
      tls === undefined
        ? null
        : async (signal) => {
            this.#stream = await startTls(socket, { ...tls, clock, signal });
          };
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
}
