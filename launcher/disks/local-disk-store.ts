import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { errorCode, isMissing, LaunchError, type DiskRef } from "../../protocol/index.ts";
import { readRecord, replaceJsonFile, fsyncFolder } from "../system/json-file.ts";
import { diskKey, diskRecord, diskSlot, type DiskRecord } from "./disk-record.ts";

const RECORD = "disk.json";
const CONTENT = "disk.qcow2";
/** Folders of deleted disks begin with it. */
const GONE = ".gone-";

/** The data disks of one host: a folder for each, with its record and its content. */
export class LocalDiskStore {
  readonly #folder: string;
  readonly #records: Map<string, DiskRecord>;
  /** Folders whose record cannot be read: they are never changed. */
  readonly #broken: ReadonlySet<string>;

  private constructor(folder: string, records: readonly DiskRecord[], broken: ReadonlySet<string>) {
    this.#folder = folder;
    this.#records = new Map(records.map((record) => [diskKey(record), record]));
    this.#broken = broken;
  }

  /** @param folder is made when the first disk comes. @throws LaunchError `DISK_FAILED` */
  static open(folder: string, log: Logger): LocalDiskStore {
    const records: DiskRecord[] = [];
    const broken = new Set<string>();
    for (const slot of listFolders(folder)) {
      if (slot.startsWith(GONE)) {
        rmSync(join(folder, slot), { recursive: true, force: true });
        continue;
      }
      const found = readRecord(join(folder, slot, RECORD), diskRecord);
      if (found.kind === "whole" && diskSlot(found.value) === slot) records.push(found.value);
      else {
        broken.add(slot);
        const why = found.kind === "damaged" ? found.why : found.kind;
        log.error({ event: "disk.unreadable", folder: slot, why }, "a data disk's record cannot be read");
      }
    }
    return new LocalDiskStore(folder, records, broken);
  }

  records(): DiskRecord[] {
    return [...this.#records.values()];
  }

  find(ref: DiskRef): DiskRecord | undefined {
    return this.#records.get(diskKey(ref));
  }

  findTransfer(journey: string): DiskRecord | undefined {
    return this.records().find(({ standing }) => "journey" in standing && standing.journey === journey);
  }

  /** The disk's content; it may not be there yet. */
  fileOf(ref: DiskRef): string {
    return join(this.#folder, diskSlot(ref), CONTENT);
  }

  /**
   * Writes a record durably: it survives a power failure when this returns, because the server may rely on it.
   * @throws LaunchError `DISK_FAILED`
   */
  save(record: DiskRecord): void {
    const slot = diskSlot(record);
    if (this.#broken.has(slot))
      throw diskError("The data disk's record on the host cannot be read. Its administrator can repair it.");
    try {
      const dir = join(this.#folder, slot);
      if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) fsyncFolder(this.#folder);
      replaceJsonFile(join(dir, RECORD), record);
    } catch (cause) {
      throw diskError("The data disk could not be written down on the host. Its disk may be full.", cause);
    }
    this.#records.set(diskKey(record), record);
  }

  /** Deletes a disk atomically; its space is freed a moment later. */
  async delete(ref: DiskRef): Promise<void> {
    const slot = diskSlot(ref);
    const gone = join(this.#folder, `${GONE}${randomUUID()}`);
    renameSync(join(this.#folder, slot), gone);
    this.#records.delete(diskKey(ref));
    await rm(gone, { recursive: true, force: true });
  }
}

export function diskError(text: string, cause?: unknown): LaunchError {
  return LaunchError.public("DISK_FAILED", text, { cause });
}

/** @throws LaunchError `DISK_FAILED`: disks that cannot be seen would be taken for disks that do not exist */
function listFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch (error) {
    if (isMissing(error)) return [];
    throw diskError(`The folder of the data disks ${folder} cannot be read (${errorCode(error)}).`, error);
  }
}
