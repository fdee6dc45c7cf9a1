import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import {
  agentIdOf,
  Conversation,
  encodeHandshake,
  encodeJsonFrame,
  encodeServerInit,
  encodeSetupResponse,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameDecoder,
  FrameType,
  Mip2IdentifierType,
  MIP2_LIMITS,
  NONCE_BYTES,
  proofMessage,
  readFrame,
  systemClock,
  type Frame,
  type ProofFields,
  type Mip2SetupRequest,
} from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import { waitFor } from "../../support/wait-for.ts";

export interface AgentScript {
  readonly joinSecret?: string;
  readonly role?: "agent" | "host";
  readonly name?: string;
  readonly key?: KeyPair;
  readonly features?: readonly string[];
  /** Changes what is signed. */
  readonly forge?: (fields: ProofFields) => ProofFields;
  readonly alterSignature?: (signature: Buffer) => Buffer;
}

export interface KeyPair {
  readonly agentId: string;
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export function makeKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url");
  return { agentId: agentIdOf(raw), publicKey: raw, privateKey };
}

export async function dialMip2(proxy: Proxy, alpn = "mip/2"): Promise<TLSSocket> {
  const { host, port } = proxy.addresses.listen;
  const socket = tls.connect({ host, port, ca: proxy.caCertificate, ALPNProtocols: [alpn] });
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  await once(socket, "secureConnect");
  return socket;
}

/** An agent that does as the test says, over a real TLS connection. */
export class ScriptedAgent {
  readonly socket: TLSSocket;
  readonly key: KeyPair;
  /** The server's answer to the proof, and all that follows. */
  readonly frames: Frame[] = [];
  ended = false;
  onSetup: (request: Mip2SetupRequest) => void = () => undefined;
  onRequest: (request: unknown) => void = () => undefined;

  private constructor(socket: TLSSocket, key: KeyPair) {
    this.socket = socket;
    this.key = key;
  }

  static async connect(proxy: Proxy, script: AgentScript = {}): Promise<ScriptedAgent> {
    const { key = makeKeyPair(), role = "agent", name = "agent-1" } = script;
    const socket = await dialMip2(proxy);
    const peer = new Conversation(socket, { deadlineMs: 5_000, maxBytes: 65_536 }, systemClock);
    const agentNonce = randomBytes(NONCE_BYTES);
    await peer.write(
      encodeHandshake({
        identifierType: Mip2IdentifierType.resource,
        identifier: key.agentId,
        nonce: agentNonce,
        versions: [1],
      }),
    );
    const frame = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
    if (frame.type !== FrameType.challenge) throw new Error(`frame ${frame.type} instead of a challenge`);
    const fields: ProofFields = {
      version: frame.value.version,
      proxyId: frame.value.proxyId,
      agentId: key.agentId,
      agentNonce,
      serverNonce: frame.value.nonce,
      exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
    };
    const message = proofMessage(script.forge?.(fields) ?? fields);
    const signature = sign(null, message, key.privateKey);
    const enrol = script.joinSecret
      ? { enrol: { secret: script.joinSecret, publicKey: key.publicKey.toString("base64"), name } }
      : {};
    await peer.write(
      encodeJsonFrame(FrameType.proof, {
        signature: (script.alterSignature?.(signature) ?? signature).toString("base64"),
        ...enrol,
        role,
        software: "scripted",
        ...(script.features && { features: script.features }),
      }),
    );
    peer.release();
    const agent = new ScriptedAgent(socket, key);
    agent.#listen();
    await waitFor("the server's answer", () => agent.frames.length > 0 || agent.ended);
    return agent;
  }

  #listen(): void {
    const decoder = new FrameDecoder(
      () => readFrame(MIP2_LIMITS.body),
      (frame) => {
        this.frames.push(frame);
        if (frame.type === FrameType.setupRequest) this.onSetup(frame.value);
        if (frame.type === FrameType.request) this.onRequest(frame.value);
      },
    );
    this.socket.on("data", (chunk: Buffer) => decoder.push(chunk));
    this.socket.on("end", () => (this.ended = true));
    this.socket.on("close", () => (this.ended = true));
  }

  /** "welcome", or the code of the refusal. */
  get outcome(): string {
    const [first] = this.frames;
    if (first?.type === FrameType.welcome) return "welcome";
    return first?.type === FrameType.refused ? (first.value as { code: string }).code : "nothing";
  }

  find<T extends Frame["type"]>(type: T): Extract<Frame, { type: T }>["value"][] {
    return this.frames.filter((frame) => frame.type === type).map((frame) => frame.value) as never;
  }

  /** @throws Error with the code that the server answers with */
  async publish(name: string, machineId?: string): Promise<string> {
    const { result, error } = await this.tryPublish(name, machineId);
    if (result === undefined) throw new Error(error?.code);
    return result.desktopId;
  }

  async tryPublish(
    name: string,
    machineId?: string,
  ): Promise<{ result?: { desktopId: string }; error?: { code: string } }> {
    const id = Math.floor(Math.random() * 1e9);
    this.socket.write(
      encodeJsonFrame(FrameType.publish, { id, name, ...(machineId === undefined ? {} : { machineId }) }),
    );
    const isReply = (value: unknown): boolean => (value as { id: number }).id === id;
    const reply = await waitFor("the reply", () => this.find(FrameType.reply).find(isReply));
    return reply as { result?: { desktopId: string }; error?: { code: string } };
  }

  /** Opens a data connection and gives it to a desktop that stands at ClientInit. */
  async openDataConnection(proxy: Proxy, ticket: Buffer, desktop: ScriptedDesktop): Promise<TLSSocket> {
    const data = await dialMip2(proxy);
    data.write(encodeSetupResponse({ ticket, status: 1, code: "" }));
    desktop.take(data);
    return data;
  }

  /** From now on every Setup request is answered with a data connection. */
  serve(proxy: Proxy, desktop: ScriptedDesktop): void {
    this.onSetup = ({ ticket }) =>
      void this.openDataConnection(proxy, ticket, desktop).catch(() => undefined);
  }

  stop(): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }
}

export const CANARY_NAME = "CANARY-NAME user@host";
const PIXEL_FORMAT = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};

/** A VNC server, from ClientInit on. */
export class ScriptedDesktop {
  received = Buffer.alloc(0);
  ended = false;
  socket: TLSSocket | undefined;
  /** Sent after ServerInit. */
  greeting = Buffer.alloc(0);

  take(socket: TLSSocket): void {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const isFirst = this.received.length === 0;
      this.received = Buffer.concat([this.received, chunk]);
      if (!isFirst) return;
      const init = { width: 640, height: 480, pixelFormat: PIXEL_FORMAT, name: CANARY_NAME };
      socket.write(Buffer.concat([encodeServerInit(init), this.greeting]));
    });
    socket.on("end", () => {
      this.ended = true;
      socket.end();
    });
    socket.on("close", () => (this.ended = true));
  }
}
