import type { Logger } from "pino";
import { describeError, type DiskRef, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter, OrchestratorEvents } from "../orchestrator-events.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import { describeHostRejection, type RejectionCache } from "../schedule/host-rejection.ts";
import { describeDiskTransfer } from "../schedule/needed-disk.ts";
import type { DeferredStarts } from "./deferred-starts.ts";
import type { ScheduleLoop } from "./schedule-loop.ts";
import type { MachineCommands } from "./machine-commands.ts";

interface DiskTransferTrackerContext {
  readonly proxy: Proxy;
  readonly facts: HostFactsCache;
  readonly rejections: RejectionCache;
  readonly deferredStarts: DeferredStarts;
  readonly commands: MachineCommands;
  readonly scheduleLoop: ScheduleLoop;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly events: OrchestratorEventEmitter;
  readonly log: Logger;
}

/** Follows transfers of data disks for the machines that wait for one. */
export class DiskTransferTracker {
  readonly #context: DiskTransferTrackerContext;
  readonly #unsubscribe: (() => void)[];

  constructor(context: DiskTransferTrackerContext) {
    this.#context = context;
    this.#unsubscribe = [
      context.events.on("disk.progress", ({ disk, fraction }) => {
        this.#background(() => this.#reportProgress(disk, fraction));
      }),
      context.events.on("disk.transferEnded", (end) => {
        this.#background(() => this.#onTransferEnd(end));
      }),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #reportProgress(disk: DiskRef, fraction: number): Promise<void> {
    const { proxy, repository, queue } = this.#context;
    const progress = Math.round(fraction * 100) / 100;
    for (const { id } of await this.#listWaiting(disk))
      await queue.run(id, async () => {
        const record = await proxy.stores.machines.find(id);
        if (record === null || !this.#isAwaitingDisk(record)) return;
        await repository.update(id, { ...describeDiskTransfer(disk.name, fraction), progress });
      });
  }

  async #onTransferEnd(end: OrchestratorEvents["disk.transferEnded"]): Promise<void> {
    const { disk, from, to, failure } = end;
    const { facts, rejections, deferredStarts, commands, scheduleLoop } = this.#context;
    facts.invalidate(from);
    facts.invalidate(to);
    const rejection = failure === null ? null : describeHostRejection(failure);
    // Machines that have a host start first; then others may use the disk.
    for (const { id } of await this.#listWaiting(disk)) {
      if (deferredStarts.isDeferred(id)) await commands.resumeStart(id, failure);
      else if (rejection?.kind === "never") rejections.add(id, to, rejection);
    }
    scheduleLoop.runSoon();
  }

  async #listWaiting({ owner, name }: DiskRef): Promise<MachineRecord[]> {
    const { machines, users } = this.#context.proxy.stores;
    const waiting = (await machines.listPending()).filter(
      (record) => record.wish.dataDisk?.name === name && this.#isAwaitingDisk(record),
    );
    const owners = await Promise.all(waiting.map(({ ownerId }) => users.find(ownerId)));
    return waiting.filter((_record, index) => owners[index]?.name === owner);
  }

  #isAwaitingDisk({ id, state, agentId }: MachineRecord): boolean {
    return state === "queued" && (agentId === null || this.#context.deferredStarts.isDeferred(id));
  }

  #background(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#context.log.warn(
        { event: "machines.failed", reason: describeError(error) },
        "machines could not be told of a data disk",
      );
    });
  }
}
