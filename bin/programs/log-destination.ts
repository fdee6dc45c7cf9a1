import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, type Clock } from "../../protocol/index.ts";

/** How often a log that could not be written is tried again, if no new line tries it before. */
const LOG_RETRY_MS = 5000;
/** Pauses for a reader of standard error that is behind. */
const BUSY_TRIES = 10;
const BUSY_PAUSE_MS = 5;
/** The file could not be made for want of space: this may change. */
const PASSING: readonly unknown[] = ["ENOSPC", "EDQUOT"];

export interface LogDestinationOptions {
  readonly clock: Clock;
  /** The line that says how many lines are missing. @param why the system's code, like `ENOSPC` */
  readonly describeLoss: (lines: number, why: string) => string;
  /** Instead of the system's: `fs.writeSync`. */
  readonly write?: (fd: number, bytes: Buffer, offset: number) => number;
}

/**
 * Where a program's log goes. Synchronous, so that the last line before an exit is not lost. A line that cannot be
 * written is dropped and counted; the count is written as soon as there is space. Nothing is ever thrown.
 */
export class LogDestination {
  readonly #target: number | string;
  readonly #options: LogDestinationOptions;
  #fd: number | null;
  #lost = 0;
  #why = "";
  /** The last write ended within a line. */
  #torn = false;
  #cancelRetry: (() => void) | undefined;

  /**
   * @param target a file to append to, made with mode 0600, or an open descriptor
   * @throws the system's error when the file cannot be opened for another reason than a full disk
   */
  constructor(target: number | string, options: LogDestinationOptions) {
    this.#target = target;
    this.#options = options;
    this.#fd = this.#open();
  }

  write(line: string): void {
    if (!this.#reportLoss() || !this.#put(line)) this.#countLost();
  }

  /** Writes how many lines are missing, if any are. @returns false: still no space */
  #reportLoss(): boolean {
    if (this.#lost === 0) return true;
    if (!this.#put(this.#options.describeLoss(this.#lost, this.#why))) return false;
    this.#lost = 0;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    return true;
  }

  #countLost(): void {
    this.#lost += 1;
    this.#cancelRetry ??= this.#retryLater();
  }

  #retryLater(): () => void {
    return this.#options.clock.after(LOG_RETRY_MS, () => {
      this.#cancelRetry = undefined;
      if (!this.#reportLoss()) this.#cancelRetry = this.#retryLater();
    });
  }

  /** @returns false: the line is not there, or only a part of it */
  #put(line: string): boolean {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line, "utf8");
    let written = 0;
    try {
      this.#fd ??= this.#open();
      if (this.#fd === null) return false;
      while (written < bytes.length) {
        const step = this.#writeSome(this.#fd, bytes, written);
        // A full disk may take a part of a line, and then nothing.
        if (step === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
        written += step;
      }
      this.#torn = false;
      return true;
    } catch (error) {
      this.#why = errorCode(error);
      if (written > 0) this.#torn = bytes[written - 1] !== 0x0a;
      return false;
    }
  }

  #writeSome(fd: number, bytes: Buffer, offset: number): number {
    const write = this.#options.write ?? writeSync;
    // Once lines are lost, no further one waits for the reader: the program has other things to do.
    const tries = this.#lost === 0 ? BUSY_TRIES : 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return write(fd, bytes, offset);
      } catch (error) {
        if (errorCode(error) !== "EAGAIN" || attempt >= tries) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE_MS);
      }
    }
  }

  #open(): number | null {
    if (typeof this.#target === "number") return this.#target;
    try {
      mkdirSync(dirname(this.#target), { recursive: true });
      return openSync(this.#target, "a", 0o600);
    } catch (error) {
      if (!PASSING.includes(errorCode(error))) throw error;
      this.#why = errorCode(error);
      return null;
    }
  }
}
