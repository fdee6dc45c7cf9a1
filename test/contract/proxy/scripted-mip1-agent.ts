import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import type { Proxy } from "../../../proxy/index.ts";
import { ByteReader } from "../../support/byte-reader.ts";
import type { ScriptedDesktop } from "./scripted-agent.ts";

export interface ScriptedSetupRequest {
  readonly ticket: number;
  readonly proxy: string;
  readonly endpoint: string;
}

/** The VNC server's words until it stands at ClientInit: ProtocolVersion, one security type, None, and its result. */
const VERSION = Buffer.from("RFB 003.008\n");
const ONLY_NONE = Buffer.from([1, 1]);
const OK = Buffer.from([0, 0, 0, 0]);

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function encodeMip1Handshake(identifier: string | Buffer, type = 1): Buffer {
  return Buffer.concat([Buffer.from([0, type]), lengthPrefixed(Buffer.from(identifier as string))]);
}

export function encodeResponse(ticket: number, status: number): Buffer {
  const out = Buffer.from([2, 0, 0, 0, 0, status]);
  out.writeUInt32BE(ticket, 1);
  return out;
}

/** A connection as an agent of MiP 1's time makes it: TLS without ALPN, unless one is given. */
export async function dialMip1(proxy: Proxy, alpn?: string): Promise<TLSSocket> {
  const { host, port } = proxy.addresses.listen;
  const offer = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
  const socket = tls.connect({ host, port, rejectUnauthorized: false, ...offer });
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  await once(socket, "secureConnect");
  return socket;
}

/** A control connection that does as the test says, made of plain bytes. */
export class ScriptedMip1Agent {
  readonly socket: TLSSocket;
  readonly reader: ByteReader;
  readonly #proxy: Proxy;

  constructor(proxy: Proxy, socket: TLSSocket) {
    this.#proxy = proxy;
    this.socket = socket;
    this.reader = new ByteReader(socket);
  }

  static async connect(proxy: Proxy, identifier: string | Buffer, type = 1): Promise<ScriptedMip1Agent> {
    const agent = new ScriptedMip1Agent(proxy, await dialMip1(proxy));
    agent.socket.write(encodeMip1Handshake(identifier, type));
    return agent;
  }

  async readSetupRequest(): Promise<ScriptedSetupRequest> {
    const head = await this.reader.read(5);
    if (head[0] !== 1) throw new Error(`message type ${head[0]} in place of a Setup request`);
    const proxy = await this.#readAddress();
    return { ticket: head.readUInt32BE(1), proxy, endpoint: await this.#readAddress() };
  }

  async #readAddress(): Promise<string> {
    const length = (await this.reader.read(4)).readUInt32BE();
    const host = (await this.reader.read(length)).toString();
    return `${host}:${(await this.reader.read(4)).readUInt32BE()}`;
  }

  /** Answers a Setup request as the programs did: on a new data connection first, then on this one. */
  async bring(ticket: number, desktop: ScriptedDesktop): Promise<TLSSocket> {
    const data = await dialMip1(this.#proxy);
    data.write(Buffer.concat([encodeResponse(ticket, 1), VERSION]));
    this.socket.write(encodeResponse(ticket, 1));
    await readExactly(data, 12);
    data.write(ONLY_NONE);
    await readExactly(data, 1);
    data.write(OK);
    desktop.take(data);
    return data;
  }

  stop(): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }
}

/** Leaves what follows in the socket. */
async function readExactly(socket: TLSSocket, length: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(length) as Buffer | null;
    if (chunk !== null) return chunk;
    if (socket.readableEnded || socket.destroyed) throw new Error("the proxy closed the data connection");
    await new Promise<void>((resolve) => {
      socket.once("readable", resolve);
      socket.once("close", resolve);
    });
  }
}
