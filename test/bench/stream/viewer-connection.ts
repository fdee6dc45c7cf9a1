import net from "node:net";
import tls from "node:tls";
import { answerChallenge } from "../../support/rfb-client.ts";
import { StreamWalker } from "./stream-walker.ts";
import { encodeFrame, encodeUpgrade, readWebSocket, WebSocketOpcode } from "./websocket-frames.ts";

/** A VNC server or a gateway on 127.0.0.1. */
export interface RfbAddress {
  readonly port: number;
  /** The viewer speaks TLS from its first byte on. */
  readonly secure?: boolean;
  /** RFB in a WebSocket at this path; inside TLS. */
  readonly webSocketPath?: string;
  /** For VncAuth; without it, None is taken. */
  readonly token?: string;
}

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

const READ_BUFFER_BYTES = 256 * 1024;
const ANSWER_TIMEOUT_MS = 15_000;
const NONE = 1;
const VNC_AUTH = 2;

/** A viewer's side of a connection: the login, and then whatever comes. */
export class ViewerConnection {
  /** After {@link enter}: called with each piece, which is overwritten afterwards. */
  onPiece: (piece: Buffer) => void = () => undefined;
  readonly #address: RfbAddress;
  readonly #socket: net.Socket;
  /** Undefined without WebSocket. */
  readonly #frames: StreamWalker | undefined;
  readonly #onFailure = new Set<(error: Error) => void>();
  #failure: Error | undefined;
  #open: boolean;
  /** Written before the WebSocket was open. */
  #unsent: Buffer[] = [];
  #entered = false;
  #pending = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(address: RfbAddress) {
    this.#address = address;
    const { port, secure = false, webSocketPath } = address;
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
      callback: (length: number, buffer: Uint8Array) => {
        this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const options = { port, host: "127.0.0.1", onread };
    this.#socket = secure
      ? tls.connect({ ...options, rejectUnauthorized: false, servername: "localhost" })
      : net.connect(options);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("The connection was closed.")));
    this.#open = webSocketPath === undefined;
    if (webSocketPath === undefined) return;
    this.#frames = this.#openWebSocket();
    this.#socket.write(encodeUpgrade(port, webSocketPath));
  }

  #openWebSocket(): StreamWalker {
    const onOpen = (): void => {
      this.#open = true;
      for (const message of this.#unsent) this.write(message);
      this.#unsent = [];
    };
    const onControl = (opcode: number, payload: Buffer): void => {
      if (opcode === WebSocketOpcode.ping) this.#socket.write(encodeFrame(WebSocketOpcode.pong, payload));
      if (opcode === WebSocketOpcode.close)
        this.#fail(new Error(`The WebSocket was closed: ${payload.subarray(2).toString()}`));
    };
    return new StreamWalker(readWebSocket({ onOpen, onControl }), (piece) => this.#take(piece));
  }

  /** Why nothing comes any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  #receive(piece: Buffer): void {
    try {
      if (this.#frames === undefined) this.#take(piece);
      else this.#frames.push(piece);
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
    }
  }

  #take(piece: Buffer): void {
    if (this.#entered) {
      this.onPiece(piece);
      return;
    }
    this.#pending = Buffer.concat([this.#pending, piece]);
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const tell of this.#onFailure) tell(this.#failure);
  }

  /** The promise, unless the connection ends first. */
  async orFailure<T>(promise: Promise<T>): Promise<T> {
    if (this.#failure) throw this.#failure;
    let tell: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      tell = reject;
      this.#onFailure.add(tell);
    });
    try {
      return await Promise.race([promise, failed]);
    } finally {
      this.#onFailure.delete(tell);
    }
  }

  async #read(length: number): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    const isThere = new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("no answer in 15 s")), ANSWER_TIMEOUT_MS);
      this.#wake = () => this.#pending.length >= length && resolve();
      this.#wake();
    });
    try {
      await this.orFailure(isThere);
    } finally {
      clearTimeout(timer);
      this.#wake = () => undefined;
    }
    const bytes = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return bytes;
  }

  /** The login up to ServerInit, shared. @throws Error with the server's reason */
  async enter(token = this.#address.token): Promise<ScreenSize> {
    await this.#read(12);
    this.write(Buffer.from("RFB 003.008\n"));
    const types = [...(await this.#read((await this.#read(1)).readUInt8(0)))];
    if (types.length === 0) throw new Error(`refused: ${await this.#readReason()}`);
    const type = token !== undefined && types.includes(VNC_AUTH) ? VNC_AUTH : NONE;
    this.write(Buffer.of(type));
    if (type === VNC_AUTH) this.write(answerChallenge(token ?? "", await this.#read(16)));
    if ((await this.#read(4)).readUInt32BE(0) !== 0) throw new Error(`refused: ${await this.#readReason()}`);
    this.write(Buffer.of(1));
    const init = await this.#read(24);
    await this.#read(init.readUInt32BE(20));
    this.#entered = true;
    return { width: init.readUInt16BE(0), height: init.readUInt16BE(2) };
  }

  async #readReason(): Promise<string> {
    return (await this.#read((await this.#read(4)).readUInt32BE(0))).toString();
  }

  write(message: Buffer): void {
    if (!this.#open) this.#unsent.push(message);
    else this.#socket.write(this.#frames ? encodeFrame(WebSocketOpcode.binary, message) : message);
  }

  /** Asks for the whole rectangle from the top left corner on. */
  requestUpdate({ width, height }: ScreenSize, incremental = false): void {
    const message = Buffer.alloc(10);
    message[0] = 3;
    message[1] = incremental ? 1 : 0;
    message.writeUInt16BE(width, 6);
    message.writeUInt16BE(height, 8);
    this.write(message);
  }

  /** What comes from now on stays in the kernel, and then with the sender. */
  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}
