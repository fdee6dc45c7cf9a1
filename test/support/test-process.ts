import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { CleanupStack } from "./cleanup-stack.ts";
import { waitFor } from "./wait-for.ts";

const MAX_OUTPUT_CHARS = 1_000_000;
const GRACE_MS = 5_000;

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Opens descriptor 3 for the child to write to. */
  readonly withExtraPipe?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program whose whole output is kept. */
export class TestProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;
  #stdout = "";
  #stderr = "";
  #extra = "";
  readonly #command: string;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#command = command;
    // The kernel ends the child when this process dies without having stopped it.
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe", options.withExtraPipe === true ? "pipe" : "ignore"],
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
    this.exited.catch(() => undefined);
    this.pid = this.#child.pid ?? -1;
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdin?.end(options.input ?? "");
    collect(this.#child.stdout, (text) => (this.#stdout = (this.#stdout + text).slice(-MAX_OUTPUT_CHARS)));
    collect(this.#child.stderr, (text) => (this.#stderr = (this.#stderr + text).slice(-MAX_OUTPUT_CHARS)));
    const extra = this.#child.stdio[3];
    if (options.withExtraPipe === true) collect(extra as Readable, (text) => (this.#extra += text));
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What it wrote to descriptor 3. */
  get extra(): string {
    return this.#extra;
  }

  get output(): string {
    return `${this.#stdout}${this.#stderr}`;
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Waits until `probe` succeeds. @throws Error at once when the program ends first, and after `timeoutMs`. */
  async waitUntil<T>(what: string, probe: () => T | Promise<T>, timeoutMs = 15_000) {
    const explain = () => `${this.#command} said:\n${this.output.slice(-4_000)}`;
    const outcome = await waitFor(
      what,
      async () => {
        const ended = this.#exit;
        const found = await probe();
        if (found !== undefined && found !== null && found !== false)
          return { found: found as Exclude<T, undefined | null | false> };
        return ended === undefined ? undefined : { ended };
      },
      { timeoutMs, explain },
    );
    if ("found" in outcome) return outcome.found;
    const { code, signal } = outcome.ended;
    throw new Error(`${this.#command} ended (${code ?? signal}) before ${what}. ${explain()}`);
  }

  /** Waits until the output matches. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray> {
    return this.waitUntil(String(pattern), () => pattern.exec(this.output), timeoutMs);
  }

  /** Waits for the end. @throws Error after `timeoutMs`. */
  async waitForExit(timeoutMs = 15_000): Promise<Exit> {
    return waitFor(`the end of ${this.#command}`, () => this.#exit, {
      timeoutMs,
      explain: () => this.output,
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, then makes it end; may be called twice. */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = GRACE_MS): Promise<Exit> {
    if (this.isRunning) this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }
}

function collect(stream: Readable | null, add: (text: string) => void): void {
  stream?.on("error", () => undefined);
  stream?.setEncoding("utf8").on("data", add);
}

/** Starts a program that `owner` stops. */
export function startProcess(
  cleanup: CleanupStack,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): TestProcess {
  return cleanup.add(new TestProcess(command, args, options));
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws Error after `timeoutMs`, when it was killed. */
export async function runProcess(
  command: string,
  args: readonly string[],
  { timeoutMs = 30_000, ...options }: ProcessOptions & { readonly timeoutMs?: number } = {},
): Promise<RunResult> {
  const child = new TestProcess(command, args, options);
  try {
    const { code } = await child.waitForExit(timeoutMs);
    return { code, stdout: child.stdout, stderr: child.stderr };
  } finally {
    await child.stop("SIGKILL");
  }
}
