import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, type NetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { type ClientOptions, createWebSocketStream, WebSocket } from "ws";
import { ByteReader } from "./byte-reader.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { Framebuffer, type UpdateRectangle } from "./framebuffer.ts";

export type RfbClientVersion = "3.3" | "3.7" | "3.8";

const NONE = 1;
const VNC_AUTH = 2;

export interface RfbHandshakeOptions {
  readonly version?: RfbClientVersion;
  /** Present: VncAuth, absent: None. */
  readonly password?: string;
  readonly shared?: boolean;
}

export interface RfbGreeting {
  /** The server's ProtocolVersion, for instance "RFB 003.008\n". */
  readonly serverVersion: string;
  /** The security types that it offered; in 3.3 the one that it chose. */
  readonly offered: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly name: string;
}

/** The server said no. */
export class RfbRefusal extends Error {
  readonly stage: "security-types" | "security-result";
  /** The reason in the server's words; empty where the version has no room for one. */
  readonly reason: string;

  constructor(stage: RfbRefusal["stage"], reason: string) {
    super(`Refused at ${stage}: ${reason}`);
    this.stage = stage;
    this.reason = reason;
  }
}

/** A scripted viewer that shares no code with the product. */
export class RfbClient {
  readonly reader: ByteReader;
  readonly framebuffer: Framebuffer;
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.reader = new ByteReader(stream);
    this.framebuffer = new Framebuffer(this.reader);
  }

  /** All bytes that ever came from the server. */
  received(): Buffer {
    return Buffer.concat(this.reader.all);
  }

  write(bytes: Buffer | readonly number[]): void {
    this.#stream.write(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes));
  }

  /** Ends our direction only. */
  end(): void {
    this.#stream.end();
  }

  stop(): Promise<void> {
    this.#stream.destroy();
    return Promise.resolve();
  }

  /** From the first byte to ServerInit, then asks for 32-bit pixels, red first. @throws Refusal */
  async handshake(options: RfbHandshakeOptions = {}): Promise<RfbGreeting> {
    const { version = "3.8", password, shared = true } = options;
    const serverVersion = (await this.reader.read(12)).toString("latin1");
    this.write(Buffer.from(`RFB 00${version.replace(".", ".00")}\n`));
    const wanted = password === undefined ? NONE : VNC_AUTH;
    const offered = await this.#readSecurityTypes(version);
    if (!offered.includes(wanted))
      throw new Error(`The server offers the security types ${offered.join(", ")}, not ${wanted}.`);
    if (version !== "3.3") this.write([wanted]);
    if (password !== undefined) this.write(answerChallenge(password, await this.reader.read(16)));
    if (version === "3.8" || password !== undefined) await this.#readSecurityResult(version);
    this.write([shared ? 1 : 0]);
    const init = await this.reader.read(24);
    const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)];
    const name = (await this.reader.read(init.readUInt32BE(20))).toString("utf8");
    this.framebuffer.resize(width, height);
    this.write([0, 0, 0, 0, 32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 24, 16, 8, 0, 0, 0]);
    return { serverVersion, offered, width, height, name };
  }

  async #readSecurityTypes(version: RfbClientVersion): Promise<number[]> {
    const types = version === "3.3" ? [await this.#readU32()] : await this.#readList();
    if (types.length === 0 || types[0] === 0)
      throw new RfbRefusal("security-types", await this.#readReason());
    return types;
  }

  async #readList(): Promise<number[]> {
    const [length] = await this.reader.read(1);
    return [...(await this.reader.read(length!))];
  }

  async #readSecurityResult(version: RfbClientVersion): Promise<void> {
    if ((await this.#readU32()) === 0) return;
    throw new RfbRefusal("security-result", version === "3.8" ? await this.#readReason() : "");
  }

  async #readReason(): Promise<string> {
    return (await this.reader.read(await this.#readU32())).toString("utf8");
  }

  async #readU32(): Promise<number> {
    return (await this.reader.read(4)).readUInt32BE(0);
  }

  setEncodings(...encodings: number[]): void {
    const message = Buffer.alloc(4 + 4 * encodings.length);
    message[0] = 2;
    message.writeUInt16BE(encodings.length, 2);
    encodings.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
    this.write(message);
  }

  requestUpdate({ incremental = false } = {}): void {
    const message = Buffer.alloc(10);
    message[0] = 3;
    message[1] = incremental ? 1 : 0;
    message.writeUInt16BE(this.framebuffer.width, 6);
    message.writeUInt16BE(this.framebuffer.height, 8);
    this.write(message);
  }

  /** Presses and releases a key. @param keysym X11's number, for instance 0xffbe for F1. */
  pressKey(keysym: number): void {
    this.pressKeys([keysym]);
  }

  /** Presses keys together, and releases them in the opposite order. */
  pressKeys(keysyms: readonly number[]): void {
    for (const keysym of keysyms) this.#sendKey(keysym, 1);
    for (const keysym of keysyms.toReversed()) this.#sendKey(keysym, 0);
  }

  #sendKey(keysym: number, down: 0 | 1): void {
    const message = Buffer.from([4, down, 0, 0, 0, 0, 0, 0]);
    message.writeUInt32BE(keysym, 4);
    this.write(message);
  }

  movePointer(x: number, y: number, buttons = 0): void {
    const message = Buffer.from([5, buttons, 0, 0, 0, 0]);
    message.writeUInt16BE(x, 2);
    message.writeUInt16BE(y, 4);
    this.write(message);
  }

  sendCutText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const head = Buffer.alloc(8);
    head[0] = 6;
    head.writeUInt32BE(bytes.length, 4);
    this.write(Buffer.concat([head, bytes]));
  }

  /** The next FramebufferUpdate's rectangles; the picture is then in `framebuffer`. */
  readUpdate(): Promise<UpdateRectangle[]> {
    return this.framebuffer.readUpdate();
  }
}

/** DES with each key byte's bits reversed, as VNC wants it; three equal keys make 3DES plain DES. */
export function answerChallenge(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, "latin1").copy(key, 0, 0, 8);
  for (const [index, byte] of key.entries()) {
    let reversed = 0;
    for (let bit = 0; bit < 8; bit += 1) if ((byte >> bit) & 1) reversed |= 0x80 >> bit;
    key[index] = reversed;
  }
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

export async function connectRfb(cleanup: CleanupStack, target: NetConnectOpts): Promise<RfbClient> {
  const socket = connectTcp({ ...target, noDelay: true });
  const client = cleanup.add(new RfbClient(socket));
  await once(socket, "connect");
  return client;
}

/** @throws Error when the server refuses the upgrade ("Unexpected server response: 401"). */
export async function connectRfbOverWebSocket(
  cleanup: CleanupStack,
  url: string,
  protocols: readonly string[] = [],
  options: ClientOptions = {},
): Promise<RfbClient & { readonly protocol: string; readonly webSocket: WebSocket }> {
  const socket = new WebSocket(url, [...protocols], { rejectUnauthorized: false, ...options });
  const client = cleanup.add(new RfbClient(createWebSocketStream(socket)));
  await once(socket, "open");
  return Object.assign(client, { protocol: socket.protocol, webSocket: socket });
}
