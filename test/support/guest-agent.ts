import { z } from "zod";
import { AgentConnection } from "../../launcher/guest-agent/agent-connection.ts";
import { delay } from "../../launcher/system/delay.ts";
import { LimitError, TimeoutError, type Clock } from "../../protocol/index.ts";

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
    return new GuestAgent(await AgentConnection.open(path, { clock, timeoutMs }), clock);
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
    // Nothing comes when it succeeds.
    this.#ask("guest-shutdown", { mode }).catch(() => undefined);
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
