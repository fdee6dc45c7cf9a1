import type { Logger } from "pino";
import { RequestError } from "../../protocol/index.ts";

/** What is done to one machine: most of it in turns, some of it alone or not at all. */
export class Turns {
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();
  #alone: Promise<unknown> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  get busy(): boolean {
    return this.#alone !== undefined;
  }

  /** Runs after everything that was begun before; what it throws is a fault of ours. */
  take(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      this.#log.error({ event: "machine.fault", err: error }, "a machine could not be looked after");
    });
  }

  /** Runs now, and nothing else of this kind meanwhile. @throws RequestError `MACHINE_BUSY` */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.checkFree();
    const running = work();
    this.#alone = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#alone = undefined;
    }
  }

  /** @throws RequestError `MACHINE_BUSY` */
  checkFree(): void {
    if (this.#alone === undefined) return;
    const text = "The machine is busy with a snapshot or a copy. Try again in a moment.";
    throw new RequestError("MACHINE_BUSY", text, { safeMessage: text });
  }

  /** Settles when nothing of what was begun runs any more; never rejects. */
  async over(): Promise<void> {
    await this.#alone;
    await this.#last;
  }
}
