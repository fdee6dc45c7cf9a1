// Many light MiP 2 agents in one process: real TLS, real keys, the product's own rule of when to come back, and nothing else.
// Commands come over the channel of the parent process; each answer names its command.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import tls from "node:tls";
import { transition } from "../../dist/agent/control-state.js";
import {
  agentIdOf,
  Conversation,
  encodeHandshake,
  encodeJsonFrame,
  encodePing,
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
} from "../../dist/protocol/index.js";
import { answer } from "./ipc.mjs";

const AT_ONCE = 16;
const PING_MS = 10_000;
const NOTHING = Buffer.alloc(0);
const agents = [];
let port = 0;

class LightAgent {
  #key = generateKeyPairSync("ed25519");
  #publicKey = Buffer.from(this.#key.publicKey.export({ format: "jwk" }).x, "base64url");
  #id = agentIdOf(this.#publicKey);
  #socket;
  #state = { kind: "dialing", server: 0, failures: 0 };
  isConnected = false;
  /** Whether a lost connection is dialled again by the product's rule. */
  comesBack = false;

  async connect(secret) {
    if (this.#state.kind === "waiting") this.#step({ kind: "waited" });
    const socket = tls.connect({
      port,
      host: "127.0.0.1",
      ALPNProtocols: ["mip/2"],
      minVersion: "TLSv1.3",
      rejectUnauthorized: false,
    });
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => this.#socket === socket && this.#lose({}));
    await new Promise((resolve, reject) =>
      socket.once("secureConnect", resolve).once("close", () => reject(new Error("no TLS"))),
    );
    const peer = new Conversation(socket, { deadlineMs: 15_000, maxBytes: 65_536 }, systemClock);
    try {
      await this.#prove(peer, socket, secret);
    } finally {
      peer.release();
    }
    this.isConnected = true;
    this.#step({ kind: "connected" });
    this.#step({ kind: "welcomed", at: performance.now() });
    this.#serve(socket);
  }

  async #prove(peer, socket, secret) {
    const agentNonce = randomBytes(NONCE_BYTES);
    const names = { identifierType: Mip2IdentifierType.resource, identifier: this.#id };
    await peer.write(encodeHandshake({ ...names, nonce: agentNonce, versions: [1] }));
    const { value: challenge } = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
    const message = proofMessage({
      version: challenge.version,
      proxyId: challenge.proxyId,
      agentId: this.#id,
      agentNonce,
      serverNonce: challenge.nonce,
      exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
    });
    const enrol = secret && {
      enrol: { secret, publicKey: this.#publicKey.toString("base64"), name: `soak ${this.#id.slice(0, 6)}` },
    };
    const signature = sign(null, message, this.#key.privateKey).toString("base64");
    const about = { role: "agent", software: "soak", features: ["spare", "rotate"], instance: this.#id };
    await peer.write(encodeJsonFrame(FrameType.proof, { signature, ...enrol, ...about }));
    const answer = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
    if (answer.type === FrameType.welcome) return;
    if (answer.type === FrameType.refused) this.#lose({ retryAfterMs: answer.value.retryAfterMs });
    throw new Error(`refused: ${JSON.stringify(answer.value)}`);
  }

  #serve(socket) {
    const decoder = new FrameDecoder(
      () => readFrame(MIP2_LIMITS.body),
      ({ type, value }) => {
        if (type === FrameType.ping) socket.write(encodePing(FrameType.pong, value));
        if (type === FrameType.drain) this.#lose({ spreadMs: value.reconnectWithinMs });
        if (type === FrameType.refused) this.#lose({ retryAfterMs: value.retryAfterMs });
      },
    );
    socket.on("data", (chunk) => decoder.push(chunk));
    const pings = setInterval(() => socket.write(encodePing(FrameType.ping, NOTHING)), PING_MS);
    socket.once("close", () => clearInterval(pings));
    socket.resume();
  }

  #lose(details) {
    this.isConnected = false;
    const before = this.#state;
    this.#step({ kind: "lost", at: performance.now(), dice: Math.random(), pace: "normal", ...details });
    if (this.#state === before) return;
    this.#socket.destroy();
    if (!this.comesBack) return;
    setTimeout(() => this.connect().catch(() => undefined), this.#state.delayMs);
  }

  #step(event) {
    this.#state = transition(this.#state, event, 1);
  }

  close() {
    this.comesBack = false;
    this.#socket.destroy();
  }
}

async function enrol(secrets) {
  const left = [...secrets];
  const work = async () => {
    for (let secret = left.pop(); secret; secret = left.pop()) {
      const agent = new LightAgent();
      // On a busy machine a handshake may miss its deadline; its secret is still good.
      for (let tries = 5; !agent.isConnected; tries -= 1)
        await agent.connect(secret).catch((error) => tries > 0 || Promise.reject(error));
      agents.push(agent);
      if (agents.length % 500 === 0) process.send({ progress: agents.length });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

answer({
  enrol: (message) => ((port = message.port), enrol(message.secrets)),
  comeBack: () => agents.forEach((agent) => (agent.comesBack = true)),
  count: () => agents.filter((agent) => agent.isConnected).length,
  close: () => agents.forEach((agent) => agent.close()),
});
