import { stat } from "node:fs/promises";
import { describeError } from "../../protocol/index.ts";
import { inspectImage } from "../images/inspect-image.ts";
import { changeDisk, ensureFile, readImageInfo } from "./machine-disks.ts";
import type { DiskRecord } from "./disk-record.ts";
import { diskError, type LocalDiskStore } from "./local-disk-store.ts";

const GIB = 1024 ** 3;

/**
 * Makes the content match the record before a machine starts with it: creates a new disk, or grows one. It never
 * shrinks.
 * @returns the file
 * @throws LaunchError `DISK_FAILED`
 */
export async function prepareDiskContent(
  qemuImg: string,
  store: LocalDiskStore,
  record: DiskRecord,
): Promise<string> {
  const file = store.fileOf(record);
  if (record.standing.state === "new") await makeContent(qemuImg, file, record.sizeGb);
  else await checkDiskContent(file);
  const bytes = await measureDisk(qemuImg, file);
  if (bytes < record.sizeGb * GIB)
    await attempt("grown", ["resize", "-q", "-f", "qcow2", file, `${record.sizeGb}G`], qemuImg);
  return file;
}

/**
 * The virtual size in bytes. It fails while a machine has the disk open, whatever the records say.
 * @throws LaunchError `DISK_FAILED`
 */
export async function measureDisk(qemuImg: string, file: string): Promise<number> {
  try {
    return (await readImageInfo(qemuImg, file, "qcow2"))["virtual-size"];
  } catch (cause) {
    throw diskError(
      `The data disk cannot be opened. ${isLocked(cause) ? "Something else has it open." : ""}`.trim(),
      cause,
    );
  }
}

/** Its content is untrusted: it may come from another host. @throws LaunchError `DISK_FAILED` */
export async function checkDiskContent(file: string): Promise<void> {
  const fault = await inspectImage({ boot: { kind: "disk", format: "qcow2", file } });
  if (fault === null) return;
  throw diskError(
    fault.kind === "missing"
      ? "The data disk's file is missing on the host. Its administrator may have it in a backup."
      : `The data disk cannot be used: ${fault.why}.`,
  );
}

/** The size of the file on the host; 0 if it does not exist. */
export async function countBytes(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

function makeContent(qemuImg: string, file: string, sizeGb: number): Promise<void> {
  // The host allocates clusters as the guest writes.
  const options = "preallocation=off,lazy_refcounts=off,cluster_size=65536";
  // It exists if the launcher ended after making it and before the record was written.
  return ensureFile(file, (fresh) =>
    attempt("made", ["create", "-q", "-f", "qcow2", "-o", options, fresh, `${sizeGb}G`], qemuImg),
  );
}

async function attempt(done: string, args: readonly string[], qemuImg: string): Promise<void> {
  try {
    await changeDisk(qemuImg, args);
  } catch (cause) {
    throw diskError(`The data disk could not be ${done}. The host may have run out of space.`, cause);
  }
}

function isLocked(error: unknown): boolean {
  return /lock/i.test(describeError(error));
}
