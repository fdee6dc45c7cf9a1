import type { Clock } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { DiskRoom } from "../disks/index.ts";
import { refuse } from "../errors.ts";
import { describeTravel, findDisk } from "./hosts/find-disk.ts";
import type { MachineBook } from "./machine-book.ts";

export interface RestartsOptions {
  readonly proxy: Proxy;
  readonly disks: DiskRoom;
  readonly book: MachineBook;
  readonly clock: Clock;
}

/** What a machine may do that is to start on the host that it has. */
export type Clearance =
  /** `known`: its data disk lies on that host. */
  | { readonly kind: "start"; readonly known: boolean }
  /** Its data disk is on its way there. */
  | { readonly kind: "wait"; readonly record: MachineRecord | null };

/** Machines that have a host, and whose data disk went to another one while they were off: they wait until it is back. */
export class Restarts {
  readonly #options: RestartsOptions;
  readonly #waiting = new Set<string>();

  constructor(options: RestartsOptions) {
    this.#options = options;
  }

  /** Whether a machine waits for its disk; what its host says of it, that it is off, is then no news. */
  isWaiting(id: string): boolean {
    return this.#waiting.has(id);
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  /**
   * Looks where a machine's data disk is, and has it brought.
   * @throws RequestError `DATA_DISK_AWAY`, and what the disk's host refuses with
   */
  async clear(record: MachineRecord, hostId: string): Promise<Clearance> {
    const { proxy, disks, book } = this.#options;
    const name = record.wish.dataDisk?.name;
    // A saved machine has had its disk all the time.
    if (name === undefined || record.saved) return { kind: "start", known: false };
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    const disk = await findDisk(this.#options, { owner, name });
    if (disk.wait === null && (disk.hostId === null || disk.hostId === hostId))
      return { kind: "start", known: disk.hostId !== null };
    const progress = disk.wait?.progress ?? null;
    if (disk.wait !== null && progress === null) throw refuse("DATA_DISK_AWAY", disk.wait.said?.reason);
    if (disk.wait === null && disk.hostId !== null)
      await disks.send({ owner, name }, disk.hostId, hostId, { machineId: record.id });
    this.#waiting.add(record.id);
    const said = { ...describeTravel(name, progress ?? 0), progress: progress ?? 0, tried: [] };
    return { kind: "wait", record: await book.change(record.id, { state: "queued", ...said }) };
  }
}
