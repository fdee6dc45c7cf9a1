import { setTimeout as delay } from "node:timers/promises";
import { type RfbAddress, type ScreenSize, ViewerConnection } from "./stream/viewer-connection.ts";

const UPDATE_HEAD_BYTES = 16;
const BYTES_PER_PIXEL = 4;

/** Bytes of the update with which `vnc-source.mjs` answers. */
const measureUpdate = ({ width, height }: ScreenSize): number =>
  UPDATE_HEAD_BYTES + BYTES_PER_PIXEL * width * height;

/** A viewer that counts bytes and nothing else: the source's updates have a known length. */
export class Viewer {
  /** Bytes since the picture began. */
  received = 0;
  readonly #connection: ViewerConnection;
  #onBytes: () => void = () => undefined;

  constructor(address: RfbAddress) {
    this.#connection = new ViewerConnection(address);
    this.#connection.onPiece = (piece) => {
      this.received += piece.length;
      this.#onBytes();
    };
  }

  /** Up to ServerInit. @param token for VncAuth, instead of the address's */
  async enter(token?: string): Promise<void> {
    await this.#connection.enter(token);
  }

  request(width: number, height: number): void {
    this.#connection.requestUpdate({ width, height });
  }

  /** From now on keeps `depth` requests under way; nothing else must be. */
  flood({ depth, ...size }: ScreenSize & { readonly depth: number }): void {
    const length = measureUpdate(size);
    const start = this.received;
    let answered = 0;
    this.#onBytes = () => {
      for (const now = Math.floor((this.received - start) / length); answered < now; answered += 1)
        this.#connection.requestUpdate(size);
    };
    for (let i = 0; i < depth; i += 1) this.#connection.requestUpdate(size);
  }

  /** Milliseconds until one update of this size is there. */
  async ping(width: number, height: number): Promise<number> {
    const goal = this.received + measureUpdate({ width, height });
    const start = performance.now();
    await this.#connection.orFailure(
      new Promise<void>((resolve) => {
        this.#onBytes = () => this.received >= goal && resolve();
        this.request(width, height);
      }),
    );
    return performance.now() - start;
  }

  /** Lets time pass. @throws Error when the connection ended meanwhile */
  async wait(ms: number): Promise<void> {
    await this.#connection.orFailure(delay(ms));
  }

  stopReading(): void {
    this.#connection.stopReading();
  }

  close(): void {
    this.#connection.close();
  }
}
