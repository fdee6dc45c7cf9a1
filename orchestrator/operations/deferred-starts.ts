import type { Clock } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/data-disk-service.ts";
import { orchestratorError } from "../orchestrator-errors.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { NeededDisk } from "../schedule/candidate.ts";
import { describeDiskTransfer, locateNeededDisk } from "../schedule/needed-disk.ts";

interface DeferredStartsContext {
  readonly proxy: Proxy;
  readonly disks: DataDiskService;
  readonly repository: MachineRepository;
  /** The machines that wait. What their hosts report, that they are off, is ignored. */
  readonly deferred: Set<string>;
  readonly clock: Clock;
}

/** Whether a machine may start on the host that it has. */
export type StartDecision =
  /** `dataDiskKnown`: its data disk is on that host. */
  | { readonly kind: "start"; readonly dataDiskKnown: boolean }
  /** Its data disk is on its way there. */
  | { readonly kind: "wait"; readonly record: MachineRecord | null };

/** Machines that have a host, and whose data disk was moved to another one while they were off: they wait until it is back. */
export class DeferredStarts {
  readonly #context: DeferredStartsContext;

  constructor(context: DeferredStartsContext) {
    this.#context = context;
  }

  isDeferred(id: string): boolean {
    return this.#context.deferred.has(id);
  }

  cancel(id: string): void {
    this.#context.deferred.delete(id);
  }

  /**
   * Finds out where a machine's data disk is, and has it sent to the machine's host.
   * @throws RequestError `DATA_DISK_AWAY`, and what the disk's host refuses with
   */
  async prepare(record: MachineRecord, hostId: string): Promise<StartDecision> {
    const { proxy, repository, deferred } = this.#context;
    const name = record.wish.dataDisk?.name;
    // The disk of a saved machine cannot be moved.
    if (name === undefined || record.saved) return { kind: "start", dataDiskKnown: false };
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    const disk = await locateNeededDisk(this.#context, { owner, name });
    if (disk.wait === null && (disk.hostId === null || disk.hostId === hostId))
      return { kind: "start", dataDiskKnown: disk.hostId !== null };
    const progress = await this.#bringDisk(disk, hostId, record.id);
    deferred.add(record.id);
    const status = { ...describeDiskTransfer(name, progress), progress, tried: [] };
    return { kind: "wait", record: await repository.update(record.id, { state: "queued", ...status }) };
  }

  /** @returns how much of the disk has arrived, 0 to 1 */
  async #bringDisk(
    { owner, name, hostId: from, wait }: NeededDisk,
    to: string,
    machineId: string,
  ): Promise<number> {
    if (wait === null) {
      if (from !== null) await this.#context.disks.send({ owner, name, from, to }, { machineId });
      return 0;
    }
    switch (wait.kind) {
      case "transfer":
        return wait.progress;
      case "hostDown":
        throw orchestratorError("DATA_DISK_AWAY", wait.status.reason);
      case "otherServer":
        throw orchestratorError("DATA_DISK_AWAY");
    }
  }
}
