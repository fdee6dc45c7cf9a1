import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";

/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

/**
 * A WebSocket as a stream of bytes: every binary message's bytes come out, every chunk goes in as one
 * binary message. Text is refused with 1003. There is no half-close in WebSocket: the end of the
 * writable side closes it, once all that was written has gone out.
 */
export class ServerWebSocketStream extends Duplex {
  /** A chunk is the caller's again when its write is done. */
  readonly releasesChunks = true;
  readonly #socket: WebSocket;
  #closeCode = NORMAL;
  #closeReason = "";
  #refused = false;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.on("error", () => undefined);
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => {
      this.#onMessage(data, isBinary);
    });
    socket.on("error", (error) => this.destroy(error));
    // What is written after the close fails, and that tells the writer.
    socket.on("close", () => this.push(null));
  }

  /** The code and reason that the end of the writable side will carry. */
  closeWith(code: number, reason: string): void {
    this.#closeCode = code;
    this.#closeReason = reason;
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close(this.#closeCode, this.#closeReason);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#refused) return;
    if (!isBinary) {
      this.#refused = true;
      this.closeWith(UNSUPPORTED_DATA, "RFB is binary");
      this.push(null);
      this.end();
      return;
    }
    if (!this.push(data as Buffer)) this.#socket.pause();
  }
}
