import type { Logger } from "pino";
import { describeError, type DiskRef, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { DataDiskService, DiskTransferPlan } from "../disks/index.ts";
import { describeHostRejection } from "../schedule/describe-host-rejection.ts";
import { describeDiskTransfer } from "../schedule/needed-disk.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { RejectionCache } from "../schedule/rejection-cache.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { DeferredStarts } from "./deferred-starts.ts";

export interface DiskTransferTrackerContext {
  readonly proxy: Proxy;
  readonly disks: DataDiskService;
  readonly facts: HostFactsCache;
  readonly rejections: RejectionCache;
  readonly deferredStarts: DeferredStarts;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly log: Logger;
  /** A machine that has a host may start there; `failure`: its disk did not come. */
  readonly resumeStart: (id: string, failure: unknown) => Promise<unknown>;
  /** Machines without a host may find one now. */
  readonly scheduleSoon: () => void;
}

/** Follows the journeys of data disks for the machines that wait for one. */
export class DiskTransferTracker {
  readonly #options: DiskTransferTrackerContext;
  readonly #unsubscribe: () => void;

  constructor(options: DiskTransferTrackerContext) {
    this.#options = options;
    this.#unsubscribe = options.disks.subscribe({
      onProgress: (disk, fraction) => {
        this.#background(() => this.#reportProgress(disk, fraction));
      },
      onEnd: (plan, failure) => {
        this.#background(() => this.#onTransferEnd(plan, failure));
      },
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  async #reportProgress(disk: DiskRef, progress: number): Promise<void> {
    const { repository: book, queue: turns } = this.#options;
    for (const { id } of await this.#listWaiting(disk))
      await turns.run(id, async () => {
        const record = await this.#options.proxy.stores.machines.find(id);
        if (record === null || !this.#isAwaitingDisk(record)) return;
        await book.update(id, { ...describeDiskTransfer(disk.name, progress), progress: round(progress) });
      });
  }

  async #onTransferEnd({ owner, name, from, to }: DiskTransferPlan, failure: unknown): Promise<void> {
    const {
      facts,
      rejections: refusals,
      deferredStarts: restarts,
      resumeStart: goOn,
      scheduleSoon: placeSoon,
    } = this.#options;
    // What these two said that they have is old.
    facts.invalidate(from);
    facts.invalidate(to);
    const refusal = failure === null ? null : describeHostRejection(failure);
    for (const { id } of await this.#listWaiting({ owner, name })) {
      if (restarts.isDeferred(id)) await goOn(id, failure);
      else if (refusal?.permanent === true) refusals.add(id, to, refusal);
    }
    placeSoon();
  }

  async #listWaiting({ owner, name }: DiskRef): Promise<MachineRecord[]> {
    const { machines, users } = this.#options.proxy.stores;
    const waiting = (await machines.list()).filter(
      (record) => record.wish.dataDisk?.name === name && this.#isAwaitingDisk(record),
    );
    const owners = await Promise.all(waiting.map(({ ownerId }) => users.find(ownerId)));
    return waiting.filter((_record, index) => owners[index]?.name === owner);
  }

  #isAwaitingDisk({ id, state, agentId }: MachineRecord): boolean {
    return state === "queued" && (agentId === null || this.#options.deferredStarts.isDeferred(id));
  }

  #background(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#options.log.warn(
        { event: "machines.failed", reason: describeError(error) },
        "machines could not be told of a data disk",
      );
    });
  }
}

function round(fraction: number): number {
  return Math.round(fraction * 100) / 100;
}
