import { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";

const NORMAL = 1000;

/**
 * A WebSocket to a server as a stream of bytes, for the TLS that runs inside it: a chunk is one binary message, and
 * the borders of messages mean nothing. WebSocket knows no half-close: the end of the writable side closes it.
 */
export class WebSocketStream extends Duplex {
  /** A chunk is the caller's again when its write is done. */
  readonly releasesChunks = true;
  readonly #socket: WebSocket;

  /** @param socket open */
  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.on("error", () => undefined);
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => {
      this.#take(data, isBinary);
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.push(null));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close(NORMAL);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  #take(data: RawData, isBinary: boolean): void {
    if (!isBinary) this.destroy(new Error("text came in a stream of bytes"));
    else if (!this.push(data as Buffer)) this.#socket.pause();
  }
}
