import { randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import {
  cleanName,
  isPosternError,
  LaunchError,
  LimitError,
  PeerClosed,
  TimeoutError,
  type Clock,
} from "../../protocol/index.ts";

/** Comes before the answer to a synchronisation, so that leftovers of an earlier conversation can be passed over. */
const SENTINEL = 0xff;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Characters of the guest's words in an error. */
const MAX_ERROR_TEXT = 300;
/** Lines of earlier conversations before the answer to a synchronisation. */
const MAX_LEFTOVERS = 1000;

const answer = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);

/** Undefined: it is no JSON. */
function readJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}

interface AgentConnectionOptions {
  readonly clock: Clock;
  /** Until the agent answers the first question. */
  readonly timeoutMs: number;
  /** Ends the conversation. */
  readonly signal?: AbortSignal;
}

/** The QEMU agent's channel: one JSON object per line, one request at a time. Only an answer shows that an agent listens. */
export class AgentConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #failure: Error | undefined;
  #waiting: { resolve(line: Buffer): void; reject(error: Error): void } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** The signal outlives the conversation: its listener must not. */
  readonly #ignoreSignal: () => void;

  private constructor(socket: Socket, clock: Clock, signal: AbortSignal | undefined) {
    this.#socket = socket;
    this.#clock = clock;
    const onAbort = (): void => {
      this.close(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#ignoreSignal = () => signal?.removeEventListener("abort", onAbort);
    socket.on("error", (cause) => {
      this.#fail(
        new PeerClosed("GUEST_AGENT_CLOSED", `the guest agent's socket failed: ${cause.message}`, { cause }),
      );
    });
    socket.on("close", () => {
      this.#fail(new PeerClosed("GUEST_AGENT_CLOSED", "the guest agent's socket was closed"));
    });
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
  }

  /**
   * Connects and finds a common beginning.
   * @throws TimeoutError `GUEST_AGENT_SILENT`, PeerClosed `GUEST_AGENT_CLOSED`
   */
  static async open(
    path: string,
    { clock, timeoutMs, signal }: AgentConnectionOptions,
  ): Promise<AgentConnection> {
    signal?.throwIfAborted();
    const connection = new AgentConnection(connect(path), clock, signal);
    try {
      await connection.#synchronize(timeoutMs);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * Asks for one thing, after everything that was asked before.
   * @returns what the agent returned, unchecked
   * @throws LaunchError `GUEST_AGENT_REFUSED`, TimeoutError `GUEST_AGENT_SILENT`, PeerClosed `GUEST_AGENT_CLOSED`
   */
  ask(command: string, args: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<unknown> {
    const asked = this.#last.then(async () => {
      this.#send({ execute: command, arguments: args });
      const said = answer.safeParse(readJson(await this.#readLine(timeoutMs)));
      if (!said.success) throw new LaunchError("GUEST_AGENT_REFUSED", "the guest agent's answer is none");
      if ("error" in said.data)
        throw new LaunchError(
          "GUEST_AGENT_REFUSED",
          `the guest agent refused: ${cleanName(said.data.error.desc.slice(0, MAX_ERROR_TEXT))}`,
        );
      return said.data.return;
    });
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  /** Idempotent. @param reason of a question that waits, where it is an error of ours */
  close(reason?: unknown): void {
    const closed = new PeerClosed("GUEST_AGENT_CLOSED", "the conversation was closed by us");
    this.#fail(isPosternError(reason) ? reason : closed);
  }

  async #synchronize(timeoutMs: number): Promise<void> {
    const id = randomInt(1, 2 ** 31);
    this.#socket.write(Buffer.of(SENTINEL));
    this.#send({ execute: "guest-sync-delimited", arguments: { id } });
    for (let lines = 0; lines < MAX_LEFTOVERS; lines += 1) {
      const line = await this.#readLine(timeoutMs);
      const begin = line.lastIndexOf(SENTINEL);
      if (begin < 0) continue;
      const said = answer.safeParse(readJson(line.subarray(begin + 1)));
      if (said.success && "return" in said.data && said.data.return === id) return;
    }
    throw new LimitError("GUEST_AGENT_ANSWER", "the guest agent never answered the synchronisation");
  }

  #send(message: unknown): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  async #readLine(timeoutMs: number): Promise<Buffer> {
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise<Buffer>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        // An answer that comes later would be taken for the next one's.
        this.#fail(new TimeoutError("GUEST_AGENT_SILENT", "the guest agent did not answer"));
      });
      this.#waiting = {
        resolve(line) {
          cancel();
          resolve(line);
        },
        reject(error) {
          cancel();
          reject(error);
        },
      };
      this.#deliver();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_ANSWER_BYTES) {
      this.#fail(new LimitError("GUEST_AGENT_ANSWER", "the guest agent's answer has no end"));
      return;
    }
    if (chunk.includes(0x0a)) this.#deliver();
  }

  #deliver(): void {
    if (this.#waiting === undefined) return;
    const all = Buffer.concat(this.#held);
    const end = all.indexOf(0x0a);
    if (end < 0) return;
    this.#held = [all.subarray(end + 1)];
    this.#heldBytes = all.length - end - 1;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(all.subarray(0, end));
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    this.#ignoreSignal();
    this.#held = [];
    this.#heldBytes = 0;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
