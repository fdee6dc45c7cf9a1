import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import {
  bytes,
  Conversation,
  encodeU32,
  encodeProtocolVersion,
  systemClock,
  vncAuthResponse,
} from "../../../../protocol/index.ts";
import { Inbox } from "./inbox.ts";

export interface FakeVncOptions {
  /** Absent: security type None. */
  readonly password?: string;
  /** Offered instead of None or VncAuth. */
  readonly securityTypes?: readonly number[];
  readonly failureReason?: string;
  /** Sent instead of a ProtocolVersion. */
  readonly greeting?: Buffer;
}

/** A VNC server up to ClientInit; what comes then is the test's affair. */
export class FakeVncServer {
  /** Viewers that were let in; their unread bytes begin with ClientInit. */
  readonly entered = new Inbox<Socket>();
  readonly #options: FakeVncOptions;
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: FakeVncOptions = {}) {
    this.#options = options;
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      this.#greet(socket).catch(() => socket.destroy());
    });
  }

  async start(path?: string): Promise<this> {
    if (path === undefined) this.#server.listen(0, "127.0.0.1");
    else this.#server.listen(path);
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #greet(socket: Socket): Promise<void> {
    const peer = new Conversation(socket, { deadlineMs: 10_000, maxBytes: 10_000 }, systemClock);
    const { password, securityTypes, failureReason = "no", greeting } = this.#options;
    await peer.write(greeting ?? encodeProtocolVersion("3.8"));
    await peer.read(bytes(12));
    const offered = securityTypes ?? [password === undefined ? 1 : 2];
    await peer.write(Buffer.of(offered.length, ...offered));
    await peer.read(bytes(1));
    let passed = true;
    if (password !== undefined) {
      const challenge = Buffer.alloc(16, 7);
      await peer.write(challenge);
      passed = (await peer.read(bytes(16))).equals(vncAuthResponse(password, challenge));
    }
    if (passed) {
      await peer.write(encodeU32(0));
      peer.release();
      this.entered.push(socket);
      return;
    }
    const reason = Buffer.from(failureReason);
    await peer.write(Buffer.concat([encodeU32(1), encodeU32(reason.length), reason]));
    peer.release();
    socket.end();
  }
}
