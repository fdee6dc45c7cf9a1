import { LaunchError, RequestError, type DiskCopy, type DiskRef } from "../../../protocol/index.ts";
import { type DataDiskContext, describeDiskCopy } from "../data-disk-context.ts";
import { checkDiskContent, countBytes, measureDisk } from "../disk-content.ts";
import type { DiskRecord } from "../disk-record.ts";
import { findDiskFault, findBusyFault } from "../disk-rules.ts";
import { BackgroundChecksums } from "../../system/background-checksums.ts";
import { truncateFile, syncFile, readPiece, writePiece } from "../../system/file-pieces.ts";
import { applyTransferStep, type DiskTransferStep } from "./transfer-steps.ts";

/** Kept free on the host besides the size of an arriving disk. */
const RESERVED_BYTES = 1_073_741_824;

/** A disk to be received. */
interface IncomingDiskTransfer extends DiskRef {
  readonly journey: string;
  readonly partner: string;
  readonly sizeGb: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * This host's side of disk transfers. Every step is recorded before it is confirmed and may be repeated: after a crash
 * the server reads the state of both hosts and continues from there.
 */
export class DiskTransfers {
  readonly #context: DataDiskContext;
  readonly #checksums = new BackgroundChecksums();

  constructor(context: DataDiskContext) {
    this.#context = context;
  }

  /** Freezes a disk, and begins its checksum. @throws RequestError `DISK_UNKNOWN`, `DISK_IN_USE`, `DISK_TRAVELS`; LaunchError `DISK_FAILED` */
  async startExport(ref: DiskRef, journey: string, partner: string): Promise<DiskCopy> {
    const { store } = this.#context;
    if (store.findTransfer(journey)?.standing.state !== "leaving") {
      await this.#checkReadable(ref);
      // Synchronous from here to the record, so that no machine can take the disk in between.
      this.#refuseBusy(ref);
      this.#applyStep(this.#findDisk(ref), { kind: "export", journey, partner });
    }
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state === "leaving" && standing.sha256 === undefined)
      this.#checksums.begin(journey, store.fileOf(record), (sha256) => {
        this.#applyStep(this.#find(journey), { kind: "summed", sha256 });
      });
    return this.#describe(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async read(journey: string, offset: number): Promise<Buffer> {
    const record = this.#find(journey);
    if (record.standing.state !== "leaving") throw outOfStep();
    return readPiece(this.#context.store.fileOf(record), offset);
  }

  /** @throws RequestError `DISK_JOURNEY` when it has left */
  async stay(journey: string): Promise<void> {
    this.#applyStep(this.#find(journey), { kind: "stay" });
    await this.#checksums.stop(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async yield(journey: string): Promise<void> {
    await this.#checksums.stop(journey);
    this.#applyStep(this.#find(journey), { kind: "yield" });
  }

  /** @throws RequestError `DISK_JOURNEY` if the copy here is the disk */
  async forget(journey: string): Promise<void> {
    const record = this.#context.store.findTransfer(journey);
    if (record === undefined) return;
    if (record.standing.state !== "left") throw outOfStep();
    await this.#context.store.delete(record);
  }

  /** @throws RequestError `DISK_EXISTS`, `DISK_QUOTA`; LaunchError `HOST_DISK` */
  async startImport(transfer: IncomingDiskTransfer): Promise<DiskCopy> {
    const { store, clock, freeBytes, quotaGb } = this.#context;
    const { owner, name, journey, partner, sizeGb, bytes, sha256 } = transfer;
    if (store.findTransfer(journey) === undefined) {
      if (store.find(transfer) !== undefined)
        throw RequestError.public("DISK_EXISTS", `This host has a data disk ${name} of this owner already.`);
      const fault = findDiskFault(transfer, store.records(), [], quotaGb);
      if (fault !== null) throw RequestError.public(fault.code, fault.text);
      if (freeBytes() < bytes + RESERVED_BYTES) {
        const text = "disk: not enough room for the data disk. Delete a machine first.";
        throw LaunchError.public("HOST_DISK", text);
      }
      const now = clock.now();
      const standing = { state: "arriving", journey, partner, bytes, sha256 } as const;
      store.save({ owner, name, sizeGb, createdAt: now, usedAt: now, standing });
    }
    return this.#describe(journey);
  }

  /** @returns how many bytes are there now. @throws RequestError `DISK_JOURNEY` */
  async write(journey: string, offset: number, data: Buffer): Promise<number> {
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state !== "arriving" || offset + data.length > standing.bytes) throw outOfStep();
    return writePiece(this.#context.store.fileOf(record), offset, data);
  }

  /** @throws RequestError `DISK_JOURNEY`; LaunchError `DISK_DAMAGED`, `DISK_FAILED` */
  async check(journey: string): Promise<DiskCopy> {
    const { store } = this.#context;
    const record = this.#find(journey);
    const { standing } = record;
    if (standing.state === "arriving") {
      const file = store.fileOf(record);
      if ((await countBytes(file)) !== standing.bytes) throw outOfStep();
      this.#checksums.begin(journey, file, async (sha256) => {
        if (sha256 !== standing.sha256) {
          await truncateFile(file);
          throw damaged();
        }
        await checkDiskContent(file);
        await syncFile(file);
        this.#applyStep(this.#find(journey), { kind: "checked" });
      });
    } else if (applyTransferStep(standing, { kind: "checked" }) === null) throw outOfStep();
    return this.#describe(journey);
  }

  /** @throws RequestError `DISK_JOURNEY` */
  async settle(journey: string): Promise<void> {
    await this.#checksums.stop(journey);
    this.#applyStep(this.#find(journey), { kind: "settle" });
  }

  /** @throws RequestError `DISK_JOURNEY` if the copy here is the disk */
  async drop(journey: string): Promise<void> {
    await this.#checksums.stop(journey);
    const record = this.#context.store.findTransfer(journey);
    if (record === undefined) return;
    if (record.standing.state !== "arriving" && record.standing.state !== "arrived") throw outOfStep();
    await this.#context.store.delete(record);
  }

  close(): Promise<void> {
    return this.#checksums.close();
  }

  /** Checks that the disk can be read and that no process has it open. */
  async #checkReadable(ref: DiskRef): Promise<void> {
    const { store, qemuImg } = this.#context;
    this.#findDisk(ref);
    this.#refuseBusy(ref);
    if (qemuImg === null) throw new LaunchError("QEMU_MISSING", "qemu-img is not installed");
    await checkDiskContent(store.fileOf(ref));
    await measureDisk(qemuImg, store.fileOf(ref));
  }

  #refuseBusy(ref: DiskRef): void {
    const fault = findBusyFault(ref, this.#context.store.records(), this.#context.holders());
    if (fault !== null) throw RequestError.public(fault.code, fault.text);
  }

  #findDisk(ref: DiskRef): DiskRecord {
    const record = this.#context.store.find(ref);
    if (record === undefined || record.standing.state === "new")
      throw RequestError.public("DISK_UNKNOWN", `There is no data disk ${ref.name} on this host.`);
    return record;
  }

  #find(journey: string): DiskRecord {
    const record = this.#context.store.findTransfer(journey);
    if (record === undefined) throw outOfStep();
    return record;
  }

  #applyStep(record: DiskRecord, wanted: DiskTransferStep): void {
    const standing = applyTransferStep(record.standing, wanted);
    if (standing === null) throw outOfStep();
    if (standing !== record.standing) this.#context.store.save({ ...record, standing });
  }

  #describe(journey: string): Promise<DiskCopy> {
    return describeDiskCopy(this.#context.store, this.#find(journey), this.#context.holders());
  }
}

function outOfStep(): RequestError {
  return RequestError.public(
    "DISK_JOURNEY",
    "The data disk is not at that point of its journey on this host.",
  );
}

function damaged(): LaunchError {
  const text = "The data disk was damaged on its way. It is sent again.";
  return LaunchError.public("DISK_DAMAGED", text);
}
