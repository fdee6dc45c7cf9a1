import { LaunchError, RequestError, type DiskCopy, type DiskRef } from "../../../protocol/index.ts";
import { describeCopy } from "../describe-copy.ts";
import type { DiskBench } from "../disk-bench.ts";
import { checkContent, countBytes, measureDisk } from "../disk-content.ts";
import type { DiskRecord } from "../disk-record.ts";
import { findDiskFault, findTouchFault } from "../disk-rules.ts";
import { Summer } from "./checksum.ts";
import { dropContent, flushContent, readPiece, writePiece } from "./pieces.ts";
import { step, type Step } from "./steps.ts";

/** Free on the host besides what a disk needs that arrives. */
const ROOM_BYTES = 1_073_741_824;

/** A disk that is to arrive. */
export interface Arrival extends DiskRef {
  readonly journey: string;
  readonly partner: string;
  readonly sizeGb: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * This host's part in the journeys of disks. Every step is written down before it is answered, and may be asked for
 * again: whoever conducts a journey looks at both ends and goes on from there, whatever crashed.
 */
export class DiskJourneys {
  readonly #bench: DiskBench;
  readonly #summer = new Summer();

  constructor(bench: DiskBench) {
    this.#bench = bench;
  }

  /** Freezes a disk, and begins its checksum. @throws RequestError `DISK_UNKNOWN`, `DISK_IN_USE`, `DISK_TRAVELS`; LaunchError `DISK_FAILED` */
  async leave(ref: DiskRef, journey: string, partner: string): Promise<DiskCopy> {
    const { shelf } = this.#bench;
    if (shelf.findJourney(journey)?.standing.state !== "leaving") {
      await this.#lookAt(ref);
      // Nothing is awaited from here to the record: no machine can have taken it meanwhile.
      this.#refuseBusy(ref);
      this.#take(this.#findDisk(ref), { kind: "export", journey, partner });
    }
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state === "leaving" && standing.sha256 === undefined)
      this.#summer.begin(journey, shelf.fileOf(record), (sha256) => {
        this.#take(this.#find(journey), { kind: "summed", sha256 });
      });
    return this.#describe(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async read(journey: string, offset: number): Promise<Buffer> {
    const record = this.#find(journey);
    if (record.standing.state !== "leaving") throw lost();
    return readPiece(this.#bench.shelf.fileOf(record), offset);
  }

  /** @throws RequestError `DISK_JOURNEY` when it has left */
  async stay(journey: string): Promise<void> {
    this.#take(this.#find(journey), { kind: "stay" });
    await this.#summer.stop(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async yield(journey: string): Promise<void> {
    await this.#summer.stop(journey);
    this.#take(this.#find(journey), { kind: "yield" });
  }

  /** @throws RequestError `DISK_JOURNEY` if the copy here is the disk */
  async forget(journey: string): Promise<void> {
    const record = this.#bench.shelf.findJourney(journey);
    if (record === undefined) return;
    if (record.standing.state !== "left") throw lost();
    await this.#bench.shelf.discard(record);
  }

  /** @throws RequestError `DISK_EXISTS`, `DISK_QUOTA`; LaunchError `HOST_DISK` */
  async arrive(arrival: Arrival): Promise<DiskCopy> {
    const { shelf, clock, freeBytes, quotaGb } = this.#bench;
    const { owner, name, journey, partner, sizeGb, bytes, sha256 } = arrival;
    if (shelf.findJourney(journey) === undefined) {
      if (shelf.find(arrival) !== undefined)
        throw refuse("DISK_EXISTS", `This host has a data disk ${name} of this owner already.`);
      const fault = findDiskFault(arrival, shelf.records(), [], quotaGb);
      if (fault !== null) throw refuse(fault.code, fault.text);
      if (freeBytes() < bytes + ROOM_BYTES) {
        const text = "disk: not enough room for the data disk. Delete a machine first.";
        throw new LaunchError("HOST_DISK", text, { safeMessage: text });
      }
      const now = clock.now();
      const standing = { state: "arriving", journey, partner, bytes, sha256 } as const;
      shelf.keep({ owner, name, sizeGb, createdAt: now, usedAt: now, standing });
    }
    return this.#describe(journey);
  }

  /** @returns how many bytes are there now. @throws RequestError `DISK_JOURNEY` */
  async write(journey: string, offset: number, data: Buffer): Promise<number> {
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state !== "arriving" || offset + data.length > standing.bytes) throw lost();
    return writePiece(this.#bench.shelf.fileOf(record), offset, data);
  }

  /** @throws RequestError `DISK_JOURNEY`; LaunchError `DISK_DAMAGED`, `DISK_FAILED` */
  async check(journey: string): Promise<DiskCopy> {
    const { shelf } = this.#bench;
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state === "arriving") {
      const file = shelf.fileOf(record);
      if ((await countBytes(file)) !== standing.bytes) throw lost();
      this.#summer.begin(journey, file, async (sha256) => {
        if (sha256 !== standing.sha256) {
          await dropContent(file);
          throw damaged();
        }
        await checkContent(file);
        await flushContent(file);
        this.#take(this.#find(journey), { kind: "checked" });
      });
    } else if (step(standing, { kind: "checked" }) === null) throw lost();
    return this.#describe(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async settle(journey: string): Promise<void> {
    await this.#summer.stop(journey);
    this.#take(this.#find(journey), { kind: "settle" });
  }

  /** @throws RequestError `DISK_JOURNEY` if the copy here is the disk */
  async drop(journey: string): Promise<void> {
    await this.#summer.stop(journey);
    const record = this.#bench.shelf.findJourney(journey);
    if (record === undefined) return;
    if (record.standing.state !== "arriving" && record.standing.state !== "arrived") throw lost();
    await this.#bench.shelf.discard(record);
  }

  close(): Promise<void> {
    return this.#summer.close();
  }

  /** Whether it can be read, and nothing has it open. */
  async #lookAt(ref: DiskRef): Promise<void> {
    const { shelf, qemuImg } = this.#bench;
    this.#findDisk(ref);
    this.#refuseBusy(ref);
    if (qemuImg === null) throw new LaunchError("QEMU_MISSING", "qemu-img is not installed");
    await checkContent(shelf.fileOf(ref));
    await measureDisk(qemuImg, shelf.fileOf(ref));
  }

  #refuseBusy(ref: DiskRef): void {
    const fault = findTouchFault(ref, this.#bench.shelf.records(), this.#bench.holders());
    if (fault !== null) throw refuse(fault.code, fault.text);
  }

  #findDisk(ref: DiskRef): DiskRecord {
    const record = this.#bench.shelf.find(ref);
    if (record === undefined || record.standing.state === "new")
      throw refuse("DISK_UNKNOWN", `There is no data disk ${ref.name} on this host.`);
    return record;
  }

  #find(journey: string): DiskRecord {
    const record = this.#bench.shelf.findJourney(journey);
    if (record === undefined) throw lost();
    return record;
  }

  #take(record: DiskRecord, wanted: Step): void {
    const standing = step(record.standing, wanted);
    if (standing === null) throw lost();
    if (standing !== record.standing) this.#bench.shelf.keep({ ...record, standing });
  }

  #describe(journey: string): Promise<DiskCopy> {
    return describeCopy(this.#bench.shelf, this.#find(journey), this.#bench.holders());
  }
}

function lost(): RequestError {
  return refuse("DISK_JOURNEY", "The data disk is not at that point of its journey on this host.");
}

function damaged(): LaunchError {
  const text = "The data disk was damaged on its way. It is sent again.";
  return new LaunchError("DISK_DAMAGED", text, { safeMessage: text });
}

function refuse(code: string, text: string): RequestError {
  return new RequestError(code, text, { safeMessage: text });
}
