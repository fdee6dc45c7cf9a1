import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { TestCertificate } from "./certificate-files.ts";
import type { CleanupStack } from "./cleanup-stack.ts";

/** One connection, from the server's side. */
export class ScriptedConversation {
  #socket: Socket;
  #lines = "";
  readonly #pem: { cert: string; key: string };
  /** Bytes that came in the open. */
  readonly open: Buffer[];
  /** Everything that came, by TLS or not. */
  readonly heard: Buffer[];

  constructor(socket: Socket, pem: { cert: string; key: string }, heard: { open: Buffer[]; all: Buffer[] }) {
    this.#socket = socket;
    this.#pem = pem;
    this.open = heard.open;
    this.heard = heard.all;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.open.push(chunk);
      this.#take(chunk);
    });
  }

  get isOver(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends these bytes; waits while the client does not read. */
  async say(text: string): Promise<void> {
    if (this.isOver || this.#socket.write(text, "latin1")) return;
    await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
  }

  /** The client's next line; `""` when it has gone. */
  async hear(): Promise<string> {
    while (!this.#lines.includes("\n") && !this.isOver)
      await Promise.race([once(this.#socket, "data"), once(this.#socket, "close")]);
    const end = this.#lines.indexOf("\n");
    const line = this.#lines.slice(0, end + 1);
    this.#lines = this.#lines.slice(end + 1);
    return line.trim();
  }

  /** Whatever comes in the open from now on belongs to TLS. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    const secureContext = createSecureContext(this.#pem);
    const socket = new TLSSocket(plain, { isServer: true, secureContext });
    socket.on("error", () => undefined);
    this.#socket = socket;
    await Promise.race([once(socket, "secure"), once(socket, "close"), once(plain, "close")]).catch(
      () => undefined,
    );
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
  }

  end(): void {
    this.#socket.end();
  }

  #take(chunk: Buffer): void {
    this.heard.push(chunk);
    this.#lines += chunk.toString("latin1");
  }
}

export type MailScript = (conversation: ScriptedConversation) => Promise<void>;

export interface ScriptedMailServer {
  readonly port: number;
  readonly connections: number;
  /** What came in the open, of all connections. */
  heardInTheOpen(): string;
  /** What came at all. */
  heard(): string;
  /** Connections that the client has not closed. */
  countOpen(): Promise<number>;
  stop(): Promise<void>;
}

/** A mail server that does what real ones do not: stands in for hostile ones. */
export async function startScriptedMailServer(
  cleanup: CleanupStack,
  certificate: TestCertificate,
  script: MailScript,
): Promise<ScriptedMailServer> {
  const pem = await certificate.read();
  const heard = { open: [] as Buffer[], all: [] as Buffer[] };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    script(new ScriptedConversation(socket, pem, heard)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return cleanup.add({
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    heardInTheOpen: () => Buffer.concat(heard.open).toString("latin1"),
    heard: () => Buffer.concat(heard.all).toString("latin1"),
    countOpen: () => Promise.resolve(sockets.size),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
