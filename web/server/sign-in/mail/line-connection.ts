import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { MAIL_FAULTS, MailFault } from "./mail-fault.ts";
import { tlsOptionsOf, type MailServer } from "./mail-server.ts";

/** One line of a mail server; the longest that RFC 5321 and RFC 9051 have in a sign-in is shorter. */
const MAX_LINE_BYTES = 4096;
/** All that a mail server says in one sign-in. */
const MAX_SAID_BYTES = 65_536;
const LF = 0x0a;

/**
 * A connection to a mail server that says one line after the other, each of them and all together bounded. What has been read in the
 * open never counts as read over TLS.
 */
export class LineConnection {
  readonly security: MailServer["security"];
  readonly #server: MailServer;
  readonly #signal: AbortSignal;
  #socket: Socket;
  #unread = Buffer.alloc(0);
  #said = 0;
  #fault: unknown = null;
  #wake: () => void = () => undefined;

  private constructor(server: MailServer, socket: Socket, signal: AbortSignal) {
    this.security = server.security;
    this.#server = server;
    this.#signal = signal;
    this.#socket = socket;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /**
   * @param signal ends it, whatever it waits for
   * @throws MailFault, and errors of Node.js, as do all methods that wait
   */
  static async open(server: MailServer, signal: AbortSignal): Promise<LineConnection> {
    if (signal.aborted) throw new MailFault(MAIL_FAULTS.timeout);
    const { host, port, security } = server;
    const socket =
      security === "implicit" ? connectTls({ ...tlsOptionsOf(server), port }) : connectPlain({ host, port });
    const connection = new LineConnection(server, socket, signal);
    try {
      await connection.#take(socket, security === "implicit" ? "secureConnect" : "connect");
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The next line without its end, each byte a character. */
  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf(LF);
      if ((end === -1 ? this.#unread.length : end) > MAX_LINE_BYTES) this.#fail(MAIL_FAULTS.endless);
      if (end !== -1) {
        const line = this.#unread.toString("latin1", 0, end);
        this.#unread = this.#unread.subarray(end + 1);
        return line.replace(/\r$/, "");
      }
      if (this.#fault !== null) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** @param line in UTF-8; an end in the middle of it would begin another command */
  writeLine(line: string): void {
    if (hasLineEnd(line)) throw new Error("more than one line of a mail protocol");
    if (this.#fault === null) this.#socket.write(`${line}\r\n`);
  }

  /** After the server has agreed to it. */
  async startTls(): Promise<void> {
    const plain = this.#socket;
    if (this.#unread.length > 0) this.#fail(MAIL_FAULTS.injected);
    if (this.#fault !== null) throw this.#fault;
    plain.removeListener("data", this.#read);
    const socket = connectTls({ ...tlsOptionsOf(this.#server), socket: plain });
    this.#socket = socket;
    await this.#take(socket, "secureConnect");
  }

  /** At once, and for good. */
  close(): void {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#socket.destroy();
  }

  async #take(socket: Socket, ready: "connect" | "secureConnect"): Promise<void> {
    socket.on("error", this.#break);
    socket.on("close", this.#end);
    socket.on("data", this.#read);
    await once(socket, ready, { signal: this.#signal }).catch((error: unknown) => {
      throw this.#fault ?? error;
    });
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#fault !== null) return;
    this.#said += chunk.length;
    if (this.#said > MAX_SAID_BYTES) return this.#break(new MailFault(MAIL_FAULTS.endless));
    this.#unread = Buffer.concat([this.#unread, chunk]);
    this.#wake();
  };

  readonly #end = (): void => {
    this.#break(new MailFault(MAIL_FAULTS.closed));
  };

  readonly #abort = (): void => {
    this.#break(new MailFault(MAIL_FAULTS.timeout));
  };

  /** The first cause counts. What came before it can still be read. */
  readonly #break = (cause: unknown): void => {
    this.#fault ??= cause;
    this.#socket.destroy();
    this.#wake();
  };

  #fail(text: MailFault["text"]): never {
    const fault = new MailFault(text);
    this.#break(fault);
    throw fault;
  }
}

/** Whether a text would be more than one line of a mail protocol, or end early. */
export function hasLineEnd(text: string): boolean {
  return /[\0\r\n]/.test(text);
}
