import type { Logger } from "pino";
import { RequestError } from "../../protocol/index.ts";

/** The work on one machine: a serial queue, and a slot for exclusive work that is refused while it is taken. */
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

  /** Runs after all earlier work. An error is logged as a fault of the launcher. */
  enqueue(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      this.#log.error({ event: "machine.fault", err: error }, "a machine could not be looked after");
    });
  }

  /** Runs now; no other exclusive work may start meanwhile. @throws RequestError `MACHINE_BUSY` */
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

  /** Settles when all work has ended; never rejects. */
  async whenIdle(): Promise<void> {
    await this.#exclusive;
    await this.#last;
  }
}
