import { createPublicKey, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import {
  agentIdOf,
  Conversation,
  encodeChallenge,
  encodeJsonFrame,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameDecoder,
  FrameType,
  MIP2_LIMITS,
  MIP2_VERSION,
  proofMessage,
  readFrame,
  systemClock,
  type Frame,
  type Mip2Handshake,
  type Proof,
  type Refused,
  type Mip2SetupResponse,
} from "../../../../protocol/index.ts";
import type { IssuedTestCertificate } from "./certificates.ts";
import { Inbox } from "./inbox.ts";

export interface FakeControl {
  readonly handshake: Mip2Handshake;
  readonly proof: Proof;
  /** Frames after the Welcome. */
  readonly frames: Inbox<Frame>;
  readonly socket: tls.TLSSocket;
}

export interface FakeData {
  readonly response: Mip2SetupResponse;
  readonly socket: tls.TLSSocket;
}

export interface FakeProxyServerOptions {
  readonly leaf: IssuedTestCertificate;
  /** The rest of the chain that is sent. */
  readonly chain: readonly IssuedTestCertificate[];
  readonly alpn?: readonly string[];
  /** Null: welcome. */
  readonly judge?: (proof: Proof, attempt: number) => Refused | null;
  /** False: publish frames stay unanswered. */
  readonly acknowledge?: boolean;
}

/** A server of our own making: checks proofs with node:crypto, and shows all that agents say. */
export class FakeProxyServer {
  readonly controls = new Inbox<FakeControl>();
  readonly data = new Inbox<FakeData>();
  /** All proofs, the refused ones too. */
  readonly proofs: Proof[] = [];
  /** Signatures that did not verify, and faults of the script. */
  readonly faults: unknown[] = [];
  /** Application bytes of agents. */
  bytesReceived = 0;
  connections = 0;
  /** Connections that are over, failed handshakes included. */
  gone = 0;
  readonly #options: FakeProxyServerOptions;
  readonly #server: tls.Server;
  readonly #sockets = new Set<tls.TLSSocket>();
  readonly #rawSockets = new Set<Socket>();
  readonly #keys = new Map<string, Buffer>();

  constructor(options: FakeProxyServerOptions) {
    this.#options = options;
    this.#server = tls.createServer(
      {
        cert: [options.leaf, ...options.chain].map(({ pem }) => pem).join("\n"),
        key: options.leaf.keyPem,
        ALPNProtocols: [...(options.alpn ?? ["mip/2"])],
        allowHalfOpen: true,
        // The end of a client in the midst of the handshake goes unnoticed on a half-open socket until then.
        handshakeTimeout: 300,
      } as tls.TlsOptions,
      (socket) => {
        this.#accept(socket);
      },
    );
    // A handshake that fails leaves its half-open TCP connection behind.
    this.#server.on("tlsClientError", () => (this.gone += 1));
    this.#server.on("connection", (socket: Socket) => {
      this.#rawSockets.add(socket);
      socket.on("close", () => this.#rawSockets.delete(socket));
    });
  }

  async start(port = 0): Promise<number> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Without a word, as a crash does. */
  async stop(): Promise<void> {
    for (const socket of [...this.#sockets, ...this.#rawSockets]) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: tls.TLSSocket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.gone += 1;
      this.#sockets.delete(socket);
    });
    const countBytes = socket.read.bind(socket);
    socket.read = (size?: number) => {
      const chunk = countBytes(size) as Buffer | null;
      this.bytesReceived += chunk?.length ?? 0;
      return chunk;
    };
    this.#converse(socket).catch((error: unknown) => {
      if (!socket.destroyed) this.faults.push(error);
      socket.destroy();
    });
  }

  async #converse(socket: tls.TLSSocket): Promise<void> {
    const peer = new Conversation(socket, { deadlineMs: 10_000, maxBytes: 100_000 }, systemClock);
    try {
      const first = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
      if (first.type === FrameType.setupResponse) {
        this.data.push({ response: first.value, socket });
        return;
      }
      if (first.type !== FrameType.handshake) throw new Error(`first frame of type ${first.type}`);
      const challenge = { version: MIP2_VERSION, proxyId: "fake-proxy", nonce: randomBytes(32) };
      await peer.write(encodeChallenge(challenge));
      const second = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
      if (second.type !== FrameType.proof) throw new Error(`second frame of type ${second.type}`);
      const proof = second.value as Proof;
      this.#checkProof(socket, first.value, challenge, proof);
      this.proofs.push(proof);
      const refused = this.#options.judge?.(proof, this.proofs.length) ?? null;
      if (refused) {
        socket.end(encodeJsonFrame(FrameType.refused, refused));
        return;
      }
      const frames = new Inbox<Frame>();
      peer.release();
      this.#readFrames(socket, frames);
      const agentId = first.value.identifier;
      socket.write(
        encodeJsonFrame(FrameType.welcome, { agentId, name: "the agent", pingIntervalMs: 10_000 }),
      );
      this.controls.push({ handshake: first.value, proof, frames, socket });
    } finally {
      peer.release();
    }
  }

  #readFrames(socket: tls.TLSSocket, frames: Inbox<Frame>): void {
    const decoder = new FrameDecoder(
      () => readFrame(MIP2_LIMITS.body),
      (frame) => {
        frames.push(frame);
        if (frame.type !== FrameType.publish || this.#options.acknowledge === false) return;
        const { id } = frame.value as { id: number };
        socket.write(
          encodeJsonFrame(FrameType.reply, { id, ok: true, result: { desktopId: `desktop-${id}` } }),
        );
      },
    );
    socket.on("data", (chunk: Buffer) => {
      decoder.push(chunk);
    });
    socket.on("end", () => socket.end());
    socket.resume();
  }

  #checkProof(
    socket: tls.TLSSocket,
    handshake: Mip2Handshake,
    challenge: { version: number; proxyId: string; nonce: Buffer },
    proof: Proof,
  ): void {
    const agentId = handshake.identifier;
    if (proof.enrol) {
      const publicKey = Buffer.from(proof.enrol.publicKey, "base64");
      if (agentIdOf(publicKey) !== agentId) throw new Error("the id does not belong to the key");
      this.#keys.set(agentId, publicKey);
    }
    const raw = this.#keys.get(agentId);
    if (!raw) return;
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
      format: "jwk",
    });
    const message = proofMessage({
      version: challenge.version,
      proxyId: challenge.proxyId,
      agentId,
      agentNonce: handshake.nonce,
      serverNonce: challenge.nonce,
      exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
    });
    if (!verify(null, message, key, Buffer.from(proof.signature, "base64")))
      throw new Error("the signature does not verify");
  }
}
