import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import type { Scheduler } from "../schedule/scheduler.ts";
import type { HostReconciler } from "./host-reconciler.ts";

/** How often all hosts are asked again while machines wait. */
const RETRY_MS = 30_000;

interface ScheduleLoopContext {
  readonly scheduler: Scheduler;
  readonly reconciler: HostReconciler;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Schedules the machines that wait, whenever one of them may fit, until all have a host. */
export class ScheduleLoop {
  readonly #context: ScheduleLoopContext;
  readonly #unsubscribe: (() => void)[];
  #running: Promise<void> | null = null;
  #again = false;
  #cancelRetry: (() => void) | null = null;
  #closed = false;

  constructor(context: ScheduleLoopContext) {
    this.#context = context;
    const { scheduler, events } = context;
    const runSoon = (): void => {
      this.runSoon();
    };
    this.#unsubscribe = [
      events.on("hosts.changed", runSoon),
      events.on("serverImages.changed", runSoon),
      events.on("machine.awaitingHost", ({ ids }) => {
        this.#background(() => scheduler.scheduleNew(ids));
      }),
    ];
  }

  runSoon(): void {
    this.#background(() => this.#run());
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  /** One run at a time: what is asked for during a run is done by the next one. */
  #run(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#runAll().finally(() => {
      this.#running = null;
      if (this.#again && !this.#closed) this.runSoon();
    });
    return this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#runOnce();
    }
  }

  async #runOnce(): Promise<void> {
    const waiting = await this.#context.scheduler.scheduleAll();
    if (!waiting || this.#closed || this.#cancelRetry !== null) return;
    this.#cancelRetry = this.#context.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#background(() => this.#retry());
    });
  }

  /** A host whose answer was lost may have created the machine: hosts are first asked what they have. */
  async #retry(): Promise<void> {
    await this.#context.reconciler.reconcileAll();
    await this.#run();
  }

  #background(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (this.#closed) return;
      this.#context.log.warn(
        { event: "machines.failed", reason: describeError(error) },
        "waiting machines could not be scheduled",
      );
    });
  }
}
