import { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { ProtocolError } from "../errors.ts";
import type { HeaderWriter } from "./piece-writer.ts";
import { readInPlace, type InPlaceReader, type ReadTarget } from "./read-in-place.ts";
import {
  decodeFramesInPlace,
  encodeFrameInPlace,
  FRAME_HEADER_BYTES,
  type DecodedFrames,
} from "./websocket-frames.ts";

/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;
/** `readyState` of an open WebSocket. */
const OPEN = 1;
const NOTHING_DECODED: DecodedFrames = { payload: 0, consumed: 0 };

/** The members that are used of a WebSocket of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly isPaused: boolean;
  readonly readyState: number;
  on(event: "message", listener: (data: unknown, isBinary: boolean) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  send(data: Buffer | string, options: { binary: boolean }, done: (error?: Error) => void): void;
  close(code: number, reason: string): void;
  ping(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

export interface WebSocketStreamOptions {
  /** The connection below a server's WebSocket without extensions: frames are then read and written in place. */
  readonly connection?: Duplex;
  /**
   * A text message destroys the stream, or closes it in order with close code 1003 and this reason, unless `onText` takes
   * it: text is then beside the stream, in the order in which it came.
   */
  readonly text:
    | "destroy"
    | {
        readonly closeReason: string;
        /** False: the text is refused like any other. */
        readonly onText?: (text: string) => boolean;
      };
  /** Sends a ping this often: what stands in between cuts a WebSocket that is silent, often after a minute. */
  readonly ping: { readonly clock: Clock; readonly everyMs: number };
}

/**
 * An open WebSocket as a byte stream. A chunk is one binary message; message boundaries have no meaning.
 * WebSocket has no half-close: the end of the writable side closes it, after all bytes were sent.
 */
export class WebSocketStream extends Duplex implements HeaderWriter, InPlaceReader {
  /** The caller may reuse a chunk when its write is done. */
  readonly releasesChunks = true;
  readonly headerBytes: number;
  readonly #connection: Duplex | undefined;
  #readsInPlace = false;
  readonly #socket: WebSocketLike;
  readonly #text: WebSocketStreamOptions["text"];
  #closeCode = NORMAL;
  #closeReason = "";
  #refused = false;
  #cancelPing: () => void = () => undefined;

  constructor(socket: WebSocketLike, options: WebSocketStreamOptions) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#text = options.text;
    this.#connection = options.connection;
    this.headerBytes = options.connection ? FRAME_HEADER_BYTES : 0;
    this.on("error", () => undefined);
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => {
      this.#onMessage(data, isBinary);
    });
    socket.on("error", (error) => this.destroy(toStreamError(error)));
    // A write after the close fails, which informs the writer.
    socket.on("close", () => {
      this.#cancelPing();
      this.push(null);
    });
    this.#ping(options.ping);
  }

  /** Sets the close code and reason that the end of the writable side sends. */
  closeWith(code: number, reason: string): void {
    this.#closeCode = code;
    this.#closeReason = reason;
  }

  /** Sends a text message beside the stream, behind the bytes that were written before. Nothing once it ends. */
  sendText(text: string): void {
    if (this.destroyed || this.writableEnded) return;
    this.#socket.send(text, { binary: false }, () => undefined);
  }

  writeBehindHeader(piece: Buffer, done: () => void): void {
    // What waits in this stream goes first; after the closing handshake nothing may follow.
    if (!this.#connection || this.writableLength > 0 || this.#socket.readyState !== OPEN)
      this.write(Buffer.from(piece), done);
    else this.#connection.write(encodeFrameInPlace(piece), done);
  }

  /** Whole binary messages are decoded here; whatever else comes, and what follows it, is left to the WebSocket. */
  readInPlace(place: ReadTarget): boolean {
    const connection = this.#connection;
    if (!connection) return false;
    let memory: Buffer;
    this.#readsInPlace = readInPlace(connection, {
      nextBuffer: () => (memory = place.nextBuffer()),
      onRead: (length) => {
        const isOpen = this.#socket.readyState === OPEN && !this.#refused;
        const nothingWaits = connection.readableLength === 0 && this.readableLength === 0;
        const isBetweenMessages = isOpen && nothingWaits && isReceiverIdle(this.#socket);
        const decoded = isBetweenMessages ? decodeFramesInPlace(memory, length) : NOTHING_DECODED;
        const hasRest = decoded.consumed < length;
        const rest = hasRest ? Buffer.from(memory.subarray(decoded.consumed, length)) : undefined;
        if (decoded.payload > 0) place.onRead(decoded.payload);
        if (rest) connection.push(rest);
      },
    });
    return this.#readsInPlace;
  }

  override pause(): this {
    if (this.#readsInPlace) this.#socket.pause();
    return super.pause();
  }

  override resume(): this {
    if (this.#readsInPlace) this.#socket.resume();
    return super.resume();
  }

  override _read(): void {
    if (this.#readsInPlace && this.isPaused()) return;
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#cancelPing();
    this.#socket.close(this.#closeCode, this.#closeReason);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelPing();
    this.#socket.terminate();
    done(error);
  }

  #ping(options: WebSocketStreamOptions["ping"]): void {
    this.#cancelPing = options.clock.after(options.everyMs, () => {
      this.#socket.ping();
      this.#ping(options);
    });
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    if (this.#refused) return;
    if (!isBinary) this.#onText((data as Buffer).toString("utf8"));
    else if (!this.push(data as Buffer)) this.#socket.pause();
  }

  #onText(text: string): void {
    if (this.#text !== "destroy" && this.#text.onText?.(text) === true) return;
    if (this.#text === "destroy") {
      this.destroy(new Error("text came in a stream of bytes"));
      return;
    }
    this.#refused = true;
    this.closeWith(UNSUPPORTED_DATA, this.#text.closeReason);
    this.push(null);
    this.end();
  }
}

/** The members of `ws`' receiver that tell where it stands in the stream of frames; it offers no other way to see it. */
interface Receiver {
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly writableLength: number;
}

/** Whether the next byte begins a new message. */
function isReceiverIdle(socket: WebSocketLike): boolean {
  const { _receiver: receiver } = socket as { readonly _receiver?: Receiver };
  return (
    receiver?._state === 0 &&
    receiver._bufferedBytes === 0 &&
    receiver._fragmented === 0 &&
    receiver.writableLength === 0
  );
}

/** What the peer did wrong is told from what happened to the connection. */
function toStreamError(error: Error & { readonly code?: unknown }): Error {
  if (typeof error.code !== "string" || !error.code.startsWith("WS_ERR_")) return error;
  return new ProtocolError("WEBSOCKET_MESSAGE", error.message, { cause: error });
}
