import { RequestError, type DiskCopy, type DiskRef } from "../../protocol/index.ts";
import { type DataDiskContext, describeDiskCopy } from "./data-disk-context.ts";
import { diskKey } from "./disk-record.ts";
import { findDiskFault, findBusyFault, type DiskRejection, type DiskRequest } from "./disk-rules.ts";
import { DiskTransfers } from "./transfer/disk-transfers.ts";

/** Users' data disks on this host: they outlive machines, and one machine at a time has one. */
export class DataDisks {
  readonly transfers: DiskTransfers;
  readonly #context: DataDiskContext;

  constructor(context: DataDiskContext) {
    this.#context = context;
    this.transfers = new DiskTransfers(context);
  }

  list(): Promise<DiskCopy[]> {
    const { store, holders } = this.#context;
    const now = holders();
    return Promise.all(store.records().map((record) => describeDiskCopy(store, record, now)));
  }

  /**
   * `OWNER/NAME` of the disks here and of those that have left but are not forgotten: none of them may be created
   * elsewhere.
   */
  names(): string[] {
    return this.#context.store
      .records()
      .filter(({ standing }) => standing.state !== "arriving" && standing.state !== "arrived")
      .map(diskKey);
  }

  /**
   * Checks that a machine can have a disk, and records it in that size. Synchronous.
   * @param known the server knows the disk to be here: a new one is not created
   * @throws RequestError `HOST_DATA_DISK`, `DISK_IN_USE`, `DISK_TRAVELS`, `DISK_AWAY`, `DISK_QUOTA`; LaunchError
   *   `DISK_FAILED`
   */
  reserve(request: DiskRequest, known = false): void {
    const { store, holders, quotaGb, clock } = this.#context;
    refuseFault(findDiskFault(request, store.records(), holders(), quotaGb));
    const present = store.find(request);
    if (known && present === undefined) {
      const text = `The data disk ${request.name} is not on this host now. It may have just left.`;
      throw RequestError.public("DISK_AWAY", text);
    }
    if (present !== undefined && present.sizeGb >= request.sizeGb) return;
    const { owner, name, sizeGb } = request;
    const now = clock.now();
    const fresh = { createdAt: now, usedAt: now, standing: { state: "new" } } as const;
    store.save({ ...fresh, ...present, owner, name, sizeGb });
  }

  /** Permanent. @throws RequestError `DISK_UNKNOWN`, `DISK_IN_USE`, `DISK_TRAVELS` */
  async remove(ref: DiskRef): Promise<void> {
    const { store, holders } = this.#context;
    if (store.find(ref) === undefined) {
      const text = `There is no data disk ${ref.name} on this host.`;
      throw RequestError.public("DISK_UNKNOWN", text);
    }
    refuseFault(findBusyFault(ref, store.records(), holders()));
    await store.delete(ref);
  }

  /** Stops checksums in the background; a repeated request restarts them. */
  close(): Promise<void> {
    return this.transfers.close();
  }
}

function refuseFault(fault: DiskRejection | null): void {
  if (fault !== null) throw RequestError.public(fault.code, fault.text);
}
