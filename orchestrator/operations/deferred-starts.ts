import type { Clock } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/index.ts";
import { refuse } from "../errors.ts";
import { describeDiskTransfer, locateNeededDisk } from "../schedule/needed-disk.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";

export interface DeferredStartsContext {
  readonly proxy: Proxy;
  readonly disks: DataDiskService;
  readonly repository: MachineRepository;
  readonly clock: Clock;
}

/** What a machine may do that is to start on the host that it has. */
export type StartDecision =
  /** `known`: its data disk lies on that host. */
  | { readonly kind: "start"; readonly known: boolean }
  /** Its data disk is on its way there. */
  | { readonly kind: "wait"; readonly record: MachineRecord | null };

/** Machines that have a host, and whose data disk went to another one while they were off: they wait until it is back. */
export class DeferredStarts {
  readonly #options: DeferredStartsContext;
  readonly #deferred = new Set<string>();

  constructor(options: DeferredStartsContext) {
    this.#options = options;
  }

  /** Whether a machine waits for its disk; what its host says of it, that it is off, is then no news. */
  isDeferred(id: string): boolean {
    return this.#deferred.has(id);
  }

  cancel(id: string): void {
    this.#deferred.delete(id);
  }

  /**
   * Looks where a machine's data disk is, and has it brought.
   * @throws RequestError `DATA_DISK_AWAY`, and what the disk's host refuses with
   */
  async prepare(record: MachineRecord, hostId: string): Promise<StartDecision> {
    const { proxy, disks, repository: book } = this.#options;
    const name = record.wish.dataDisk?.name;
    // A saved machine has had its disk all the time.
    if (name === undefined || record.saved) return { kind: "start", known: false };
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    const disk = await locateNeededDisk(this.#options, { owner, name });
    if (disk.wait === null && (disk.hostId === null || disk.hostId === hostId))
      return { kind: "start", known: disk.hostId !== null };
    const progress = disk.wait?.progress ?? null;
    if (disk.wait !== null && progress === null) throw refuse("DATA_DISK_AWAY", disk.wait.said?.reason);
    if (disk.wait === null && disk.hostId !== null)
      await disks.send({ owner, name }, disk.hostId, hostId, { machineId: record.id });
    this.#deferred.add(record.id);
    const said = { ...describeDiskTransfer(name, progress ?? 0), progress: progress ?? 0, tried: [] };
    return { kind: "wait", record: await book.update(record.id, { state: "queued", ...said }) };
  }
}
