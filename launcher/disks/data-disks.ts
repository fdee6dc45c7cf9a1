import { RequestError, type DiskCopy, type DiskRef } from "../../protocol/index.ts";
import { describeCopy } from "./describe-copy.ts";
import type { DiskBench } from "./disk-bench.ts";
import { diskKey } from "./disk-record.ts";
import { findDiskFault, findTouchFault, type DiskRefusal, type DiskWish } from "./disk-rules.ts";
import { DiskJourneys } from "./journey/journeys.ts";

/** People's own disks on this host: they outlive machines, and one machine at a time has one. */
export class DataDisks {
  readonly journeys: DiskJourneys;
  readonly #bench: DiskBench;

  constructor(bench: DiskBench) {
    this.#bench = bench;
    this.journeys = new DiskJourneys(bench);
  }

  list(): Promise<DiskCopy[]> {
    const { shelf, holders } = this.#bench;
    const now = holders();
    return Promise.all(shelf.records().map((record) => describeCopy(shelf, record, now)));
  }

  /** `OWNER/NAME` of what lies here, and of what has left and is not forgotten: nobody may make it anew elsewhere. */
  names(): string[] {
    return this.#bench.shelf
      .records()
      .filter(({ standing }) => standing.state !== "arriving" && standing.state !== "arrived")
      .map(diskKey);
  }

  /**
   * Looks whether a machine can have a disk, and writes down that it will be there, in that size. Nothing is awaited.
   * @param known the server says that it lies here: none is made anew
   * @throws RequestError `HOST_DATA_DISK`, `DISK_IN_USE`, `DISK_TRAVELS`, `DISK_AWAY`, `DISK_QUOTA`; LaunchError
   *   `DISK_FAILED`
   */
  reserve(wish: DiskWish, known = false): void {
    const { shelf, holders, quotaGb, clock } = this.#bench;
    refuseFault(findDiskFault(wish, shelf.records(), holders(), quotaGb));
    const present = shelf.find(wish);
    if (known && present === undefined) {
      const text = `The data disk ${wish.name} is not on this host now. It may have just left.`;
      throw new RequestError("DISK_AWAY", text, { safeMessage: text });
    }
    if (present !== undefined && present.sizeGb >= wish.sizeGb) return;
    const { owner, name, sizeGb } = wish;
    const now = clock.now();
    const fresh = { createdAt: now, usedAt: now, standing: { state: "new" } } as const;
    shelf.keep({ ...fresh, ...present, owner, name, sizeGb });
  }

  /** For ever. @throws RequestError `DISK_UNKNOWN`, `DISK_IN_USE`, `DISK_TRAVELS` */
  async remove(ref: DiskRef): Promise<void> {
    const { shelf, holders } = this.#bench;
    if (shelf.find(ref) === undefined) {
      const text = `There is no data disk ${ref.name} on this host.`;
      throw new RequestError("DISK_UNKNOWN", text, { safeMessage: text });
    }
    refuseFault(findTouchFault(ref, shelf.records(), holders()));
    await shelf.discard(ref);
  }

  /** Ends what is worked out in the background; it goes on when it is asked for again. */
  close(): Promise<void> {
    return this.journeys.close();
  }
}

function refuseFault(fault: DiskRefusal | null): void {
  if (fault !== null) throw new RequestError(fault.code, fault.text, { safeMessage: fault.text });
}
