import type { Logger } from "pino";
import { describeError, type DiskRef } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { DiskRoom, Itinerary } from "../disks/index.ts";
import { describeRefusal } from "./hosts/describe-refusal.ts";
import { describeTravel } from "./hosts/find-disk.ts";
import type { HostFactsBook } from "./hosts/host-facts.ts";
import type { Refusals } from "./hosts/refusals.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Restarts } from "./restarts.ts";
import type { Turns } from "./turns.ts";

export interface DiskFollowerOptions {
  readonly proxy: Proxy;
  readonly disks: DiskRoom;
  readonly facts: HostFactsBook;
  readonly refusals: Refusals;
  readonly restarts: Restarts;
  readonly book: MachineBook;
  readonly turns: Turns;
  readonly log: Logger;
  /** A machine that has a host may start there; `failure`: its disk did not come. */
  readonly goOn: (id: string, failure: unknown) => Promise<unknown>;
  /** Machines without a host may find one now. */
  readonly placeSoon: () => void;
}

/** Follows the journeys of data disks for the machines that wait for one. */
export class DiskFollower {
  readonly #options: DiskFollowerOptions;
  readonly #unfollow: () => void;

  constructor(options: DiskFollowerOptions) {
    this.#options = options;
    this.#unfollow = options.disks.follow({
      onProgress: (disk, fraction) => {
        this.#background(() => this.#tell(disk, fraction));
      },
      onOver: (plan, failure) => {
        this.#background(() => this.#over(plan, failure));
      },
    });
  }

  close(): void {
    this.#unfollow();
  }

  async #tell(disk: DiskRef, progress: number): Promise<void> {
    const { book, turns } = this.#options;
    for (const { id } of await this.#listWaiting(disk))
      await turns.run(id, async () => {
        const record = await this.#options.proxy.stores.machines.find(id);
        if (record === null || !this.#waits(record)) return;
        await book.change(id, { ...describeTravel(disk.name, progress), progress: round(progress) });
      });
  }

  async #over({ owner, name, from, to }: Itinerary, failure: unknown): Promise<void> {
    const { facts, refusals, restarts, goOn, placeSoon } = this.#options;
    // What these two said that they have is old.
    facts.forget(from);
    facts.forget(to);
    const refusal = failure === null ? null : describeRefusal(failure);
    for (const { id } of await this.#listWaiting({ owner, name })) {
      if (restarts.isWaiting(id)) await goOn(id, failure);
      else if (refusal?.never === true) refusals.keep(id, to, refusal);
    }
    placeSoon();
  }

  async #listWaiting({ owner, name }: DiskRef): Promise<MachineRecord[]> {
    const { machines, users } = this.#options.proxy.stores;
    const waiting = (await machines.list()).filter(
      (record) => record.wish.dataDisk?.name === name && this.#waits(record),
    );
    const owners = await Promise.all(waiting.map(({ ownerId }) => users.find(ownerId)));
    return waiting.filter((_record, index) => owners[index]?.name === owner);
  }

  #waits({ id, state, agentId }: MachineRecord): boolean {
    return state === "queued" && (agentId === null || this.#options.restarts.isWaiting(id));
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
