import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { errorCode, type Clock } from "../../../../../protocol/index.ts";
import { HOOK_FAULTS, HookFault } from "./hook-fault.ts";
import { MAX_HOOK_ANSWER_BYTES } from "./hook-messages.ts";

/** What of a hook's standard error goes to the log, of one run. */
export const MAX_HOOK_LOG_BYTES = 8192;
/** More is kept than is logged, so that no secret is cut in two before it is looked for. */
const SPARE_LOG_BYTES = 16_384;
/** For what a hook printed before it ended, where a child of its own keeps its output open. */
const DRAIN_MS = 500;

/** Nothing of this server's own environment. */
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

interface HookRunOptions {
  readonly command: readonly string[];
  readonly input: string;
  readonly clock: Clock;
  /** Ends it, and all that it started in its group. */
  readonly signal: AbortSignal;
  /** Told once, when it has ended; empty: it printed none. */
  readonly onError: (printed: string) => void;
}

/**
 * Runs a program once, without a shell, in a process group of its own, which ends with it.
 * @returns its standard output
 * @throws HookFault, and what `signal` was aborted with
 */
export function runHook(options: HookRunOptions): Promise<string> {
  const { command, signal } = options;
  signal.throwIfAborted();
  const [file = "", ...args] = command;
  const child = spawn(file, args, { cwd: "/", env: ENVIRONMENT, stdio: "pipe", detached: true });
  return new Promise((resolve, reject) => {
    new HookProcess(child, options, { resolve, reject }).begin();
  });
}

interface Settled {
  readonly resolve: (output: string) => void;
  readonly reject: (error: unknown) => void;
}

class HookProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #options: HookRunOptions;
  readonly #settled: Settled;
  readonly #output: Buffer[] = [];
  readonly #printed: Buffer[] = [];
  #outputBytes = 0;
  #printedBytes = 0;
  #exit: { readonly code: number | null; readonly signal: string | null } | null = null;
  #isOver = false;
  #cancelDrain: () => void = () => undefined;

  constructor(child: ChildProcessWithoutNullStreams, options: HookRunOptions, settled: Settled) {
    this.#child = child;
    this.#options = options;
    this.#settled = settled;
  }

  begin(): void {
    const { stdin, stdout, stderr } = this.#child;
    const { clock, input, signal } = this.#options;
    this.#child.once("error", (error) => {
      this.#fail(new HookFault(HOOK_FAULTS.noStart(errorCode(error)), error));
    });
    this.#child.once("exit", (code, killedBy) => {
      if (this.#isOver) return;
      this.#exit = { code, signal: killedBy };
      // What it left behind in its group has nothing more to say.
      this.#killGroup();
      this.#cancelDrain = clock.after(DRAIN_MS, () => {
        this.#finish();
      });
    });
    this.#child.once("close", () => {
      this.#finish();
    });
    for (const stream of [stdin, stdout, stderr]) stream.on("error", () => undefined);
    stdout.on("data", (chunk: Buffer) => {
      this.#outputBytes += chunk.length;
      if (this.#outputBytes > MAX_HOOK_ANSWER_BYTES) this.#fail(new HookFault(HOOK_FAULTS.tooMuch));
      else this.#output.push(chunk);
    });
    stderr.on("data", (chunk: Buffer) => {
      const left = MAX_HOOK_LOG_BYTES + SPARE_LOG_BYTES - this.#printedBytes;
      if (left <= 0) return;
      this.#printed.push(chunk.subarray(0, left));
      this.#printedBytes += Math.min(left, chunk.length);
    });
    signal.addEventListener("abort", this.#onAbort, { once: true });
    stdin.end(input);
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#options.signal.reason);
  };

  #finish(): void {
    if (this.#exit === null) return;
    const { code, signal } = this.#exit;
    if (code === 0) this.#end(() => this.#settled.resolve(Buffer.concat(this.#output).toString("utf8")));
    else this.#fail(new HookFault(HOOK_FAULTS.failed(signal ?? `code ${code ?? "?"}`)));
  }

  #fail(error: unknown): void {
    this.#end(() => this.#settled.reject(error));
  }

  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDrain();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    if (this.#exit === null) this.#killGroup();
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    this.#options.onError(Buffer.concat(this.#printed).toString("utf8"));
    settle();
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nobody of the group is left.
    }
  }
}
