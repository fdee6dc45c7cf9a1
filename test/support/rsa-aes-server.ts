import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  exchangeKeysWithViewer,
  Conversation,
  describeRsaKey,
  exchangeVersions,
  isRsaAes,
  negotiateSecurity,
  readClientInit,
  readViewerCredentials,
  sendSecurityFailure,
  sendSecurityOk,
  systemClock,
  type SecurityType,
} from "../../protocol/index.ts";

/** A VNC server that lets viewers in by RSA-AES, up to ClientInit; what comes then is the test's affair. */
export class RsaAesServer {
  /** The types that were chosen, in order. */
  readonly chosen: number[] = [];
  /** What reached it, as it came over the wire. */
  readonly heard: Buffer[] = [];
  readonly #offered: readonly SecurityType[];
  readonly #password: string;
  readonly #onEntered: (stream: Duplex) => void;
  readonly #key = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  readonly #sockets = new Set<Socket>();
  readonly #server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    this.#greet(socket).catch(() => socket.destroy());
  });

  constructor(offered: readonly SecurityType[], password: string, onEntered: (stream: Duplex) => void) {
    this.#offered = offered;
    this.#password = password;
    this.#onEntered = onEntered;
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #greet(socket: Socket): Promise<void> {
    const push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, ...rest) => {
      if (chunk) this.heard.push(chunk);
      return push(chunk, ...rest);
    };
    const peer = new Conversation(socket, { deadlineMs: 20_000, maxBytes: 10_000 }, systemClock);
    const version = await exchangeVersions(peer);
    const type = await negotiateSecurity(peer, version, this.#offered);
    this.chosen.push(type);
    if (!isRsaAes(type)) throw new Error("only RSA-AES is played here");
    const key = { privateKey: this.#key, publicKey: describeRsaKey(this.#key) };
    const { password } = await readViewerCredentials(
      peer,
      type,
      await exchangeKeysWithViewer(peer, type, key),
    );
    if (password === this.#password) {
      await sendSecurityOk(peer, version, type);
      await readClientInit(peer);
      this.#onEntered(peer.release());
      return;
    }
    await sendSecurityFailure(peer, version, type, "This is not the password.");
    peer.release().end();
  }
}
