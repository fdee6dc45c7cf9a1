import { randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import { delay } from "../../launcher/system/delay.ts";
import { LaunchError, LimitError, PeerClosed, TimeoutError, type Clock } from "../../protocol/index.ts";

/** Comes before the answer to a synchronisation, so that leftovers of an earlier conversation can be passed over. */
const SENTINEL = 0xff;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const answer = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);

/** The QEMU agent's channel: one JSON object per line, one request at a time. Only an answer shows that an agent listens. */
class AgentConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #failure: Error | undefined;
  #waiting: { resolve(line: Buffer): void; reject(error: Error): void } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
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
  static async open(path: string, clock: Clock, timeoutMs: number): Promise<AgentConnection> {
    const connection = new AgentConnection(connect(path), clock);
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
      const said = answer.parse(JSON.parse((await this.#readLine(timeoutMs)).toString("utf8")));
      if ("error" in said)
        throw new LaunchError("GUEST_AGENT_REFUSED", `the guest agent refused: ${said.error.desc}`);
      return said.return;
    });
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  /** Says one thing that is answered by nothing when it succeeds. */
  tell(command: string, args: Readonly<Record<string, unknown>>): void {
    this.#send({ execute: command, arguments: args });
  }

  /** Idempotent. */
  close(): void {
    this.#fail(new PeerClosed("GUEST_AGENT_CLOSED", "the conversation was closed by us"));
  }

  async #synchronize(timeoutMs: number): Promise<void> {
    const id = randomInt(1, 2 ** 31);
    this.#socket.write(Buffer.of(SENTINEL));
    this.#send({ execute: "guest-sync-delimited", arguments: { id } });
    for (;;) {
      const line = await this.#readLine(timeoutMs);
      const begin = line.lastIndexOf(SENTINEL);
      if (begin < 0) continue;
      const said = answer.safeParse(JSON.parse(line.subarray(begin + 1).toString("utf8")));
      if (said.success && "return" in said.data && said.data.return === id) return;
    }
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
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** How long an agent may take for one answer, in milliseconds. */
const ANSWER_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** The agent takes at most 48 MiB at once; less keeps lines short. */
const CHUNK_BYTES = 1024 * 1024;

const started = z.object({ pid: z.number() });
const status = z.object({
  exited: z.boolean(),
  exitcode: z.number().optional(),
  signal: z.number().optional(),
  "out-data": z.string().default(""),
  "err-data": z.string().default(""),
});
const portion = z.object({ "buf-b64": z.string().default(""), eof: z.boolean() });
const handle = z.number();

/** How a program in the guest ended. */
export interface GuestExit {
  /** Null: a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * The QEMU agent inside a guest. What it says comes from the guest and proves nothing to the host.
 * @see https://qemu.readthedocs.io/en/v7.2.0/interop/qemu-ga-ref.html
 */
export class GuestAgent {
  readonly #connection: AgentConnection;
  readonly #clock: Clock;

  private constructor(connection: AgentConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /**
   * @param path the machine's `guestAgentSocket`: one conversation at a time
   * @throws TimeoutError `GUEST_AGENT_SILENT` (there is no agent, or the guest still boots), PeerClosed `GUEST_AGENT_CLOSED`
   */
  static async open(path: string, clock: Clock, timeoutMs = ANSWER_MS): Promise<GuestAgent> {
    return new GuestAgent(await AgentConnection.open(path, clock, timeoutMs), clock);
  }

  async ping(): Promise<void> {
    await this.#ask("guest-ping");
  }

  /**
   * Runs a program in the guest and waits for its end. No shell is involved.
   * @throws LaunchError `GUEST_AGENT_REFUSED` (no such program), TimeoutError `GUEST_PROGRAM` (it still runs)
   */
  async execute(
    path: string,
    args: readonly string[],
    options: { readonly input?: Buffer; readonly timeoutMs?: number } = {},
  ): Promise<GuestExit> {
    const { input, timeoutMs = 60_000 } = options;
    const request = { path, arg: args, "capture-output": true };
    const data = input === undefined ? {} : { "input-data": input.toString("base64") };
    const { pid } = started.parse(await this.#ask("guest-exec", { ...request, ...data }));
    const begun = this.#clock.monotonic();
    for (;;) {
      const now = status.parse(await this.#ask("guest-exec-status", { pid }));
      if (now.exited) {
        return {
          exitCode: now.exitcode ?? null,
          stdout: Buffer.from(now["out-data"], "base64"),
          stderr: Buffer.from(now["err-data"], "base64"),
        };
      }
      if (this.#clock.monotonic() - begun >= timeoutMs)
        throw new TimeoutError("GUEST_PROGRAM", "the program in the guest did not end");
      await delay(LOOK_EVERY_MS, this.#clock);
    }
  }

  /** @throws LimitError `GUEST_FILE` when the file is longer than `maxBytes`, LaunchError `GUEST_AGENT_REFUSED` */
  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    return this.#withFile(path, "r", async (file) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      for (;;) {
        const read = portion.parse(await this.#ask("guest-file-read", { handle: file, count: CHUNK_BYTES }));
        const part = Buffer.from(read["buf-b64"], "base64");
        bytes += part.length;
        if (bytes > maxBytes) throw new LimitError("GUEST_FILE", "the file in the guest is too long");
        parts.push(part);
        if (read.eof) return Buffer.concat(parts);
      }
    });
  }

  /** Writes a file whole, over one that is there. @throws LaunchError `GUEST_AGENT_REFUSED` */
  async writeFile(path: string, data: Buffer): Promise<void> {
    await this.#withFile(path, "w", async (file) => {
      for (let from = 0; from < data.length; from += CHUNK_BYTES) {
        const part = data.subarray(from, from + CHUNK_BYTES).toString("base64");
        await this.#ask("guest-file-write", { handle: file, "buf-b64": part });
      }
    });
  }

  /** Asks the guest to shut itself down: it answers by doing it. */
  shutDown(mode: "powerdown" | "reboot" | "halt"): void {
    this.#connection.tell("guest-shutdown", { mode });
  }

  /** Idempotent. */
  close(): void {
    this.#connection.close();
  }

  async #withFile<T>(path: string, mode: "r" | "w", work: (file: number) => Promise<T>): Promise<T> {
    const file = handle.parse(await this.#ask("guest-file-open", { path, mode }));
    try {
      return await work(file);
    } finally {
      await this.#ask("guest-file-close", { handle: file }).catch(() => undefined);
    }
  }

  #ask(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#connection.ask(command, args, ANSWER_MS);
  }
}
