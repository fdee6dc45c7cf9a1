import type { Logger } from "pino";
import { RequestError } from "../../protocol/index.ts";

/** What is done to one machine: most of it in turns, some of it alone or not at all. */
export class MachineQueue {
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();
  #exclusive: Promise<unknown> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  get busy(): boolean {
    return this.#exclusive !== undefined;
  }

  /** Runs after everything that was begun before; what it throws is a fault of ours. */
  enqueue(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      this.#log.error({ event: "machine.fault", err: error }, "a machine could not be looked after");
    });
  }

  /** Runs now, and nothing else of this kind meanwhile. @throws RequestError `MACHINE_BUSY` */
  async runExclusive<T>(work: () => Promise<T>): Promise<T> {
    this.checkNotBusy();
    const running = work();
    this.#exclusive = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#exclusive = undefined;
    }
  }

  /** @throws RequestError `MACHINE_BUSY` */
  checkNotBusy(): void {
    if (this.#exclusive === undefined) return;
    const text = "The machine is busy with a snapshot or a copy. Try again in a moment.";
    throw RequestError.public("MACHINE_BUSY", text);
  }

  /** Settles when nothing of what was begun runs any more; never rejects. */
  async whenIdle(): Promise<void> {
    await this.#exclusive;
    await this.#last;
  }
}
