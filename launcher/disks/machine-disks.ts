import { access, chmod, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { LaunchError } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { firmwareFiles } from "../model/firmware.ts";
import { needsMemoryHolder, systemDisk, type SnapshotNode } from "../model/snapshot-nodes.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { openGuestDisk, type BackingChain } from "./guest-disk.ts";
import { syncFile } from "../system/file-pieces.ts";
import { isThere, fsyncFolder } from "../system/json-file.ts";
import { describeFailure, runQemuImg, type QemuImgRun } from "../images/qemu-img.ts";

const GIB = 1024 ** 3;
/** Default size of an empty disk for an installation. */
const EMPTY_DISK_GB = 20;

/**
 * Creates the files that a machine writes to, where they do not exist yet: its disk, its firmware's variables, a holder
 * for its memory. Each gets its name when it is complete.
 * @param customized a changed copy of the image beneath the machine's disk; null: the image itself
 * @throws LaunchError `OVERLAY_FAILED`, `FIRMWARE_MISSING`
 */
export async function ensureMachineDisks(
  qemuImg: string,
  spec: MachineSpec,
  paths: MachinePaths,
  customized: string | null,
): Promise<void> {
  const firmware = firmwareFiles(spec);
  if (firmware !== null) {
    await access(firmware.code).catch((cause: unknown) => {
      const text = `This host has no such firmware. Install it with: apt install ${firmware.package}`;
      throw LaunchError.public("FIRMWARE_MISSING", text, { cause, details: { package: firmware.package } });
    });
    await ensureFile(paths.firmwareVars, (fresh) =>
      changeDisk(qemuImg, ["convert", "-f", "raw", "-O", "qcow2", firmware.vars, fresh]),
    );
  }
  if (needsMemoryHolder(spec))
    await ensureFile(paths.memoryHolder, (fresh) =>
      changeDisk(qemuImg, ["create", "-q", "-f", "qcow2", fresh, "1M"]),
    );
  if (systemDisk(spec) === "own")
    await ensureFile(paths.overlay, (fresh) => makeOwnDisk(qemuImg, spec, customized, fresh));
  for (const [index, base] of (spec.extraDisks ?? []).entries())
    await ensureFile(paths.extraOverlay(index), (fresh) => makeOverlay(qemuImg, base, 0, fresh));
}

async function makeOwnDisk(
  qemuImg: string,
  { boot, diskGb, extraDisks = [] }: MachineSpec,
  customized: string | null,
  fresh: string,
): Promise<void> {
  if (boot.kind !== "disk") {
    await changeDisk(qemuImg, ["create", "-q", "-f", "qcow2", fresh, `${diskGb ?? EMPTY_DISK_GB}G`]);
    return;
  }
  const base = customized === null ? boot : { file: customized, format: "qcow2" };
  // The size is that of all its disks together.
  let furtherGb = 0;
  for (const { file, format } of extraDisks)
    furtherGb += Math.ceil((await readImageInfo(qemuImg, file, format))["virtual-size"] / GIB);
  await makeOverlay(qemuImg, base, ((diskGb ?? 0) - furtherGb) * GIB, fresh);
}

async function makeOverlay(
  qemuImg: string,
  { file, format }: { readonly file: string; readonly format: string },
  atLeastBytes: number,
  fresh: string,
): Promise<void> {
  const base = await readImageInfo(qemuImg, file, format);
  // An overlay smaller than its base would cut the guest's disk off.
  const bytes = Math.max(base["virtual-size"], atLeastBytes);
  const args = ["create", "-q", "-f", "qcow2", "-F", format, "-b", file, fresh, String(bytes)];
  await changeDisk(qemuImg, args);
}

/** Frees the clusters of a snapshot that a killed QEMU left unfinished. */
export async function repairLeaks(qemuImg: string, nodes: readonly SnapshotNode[]): Promise<void> {
  for (const { file } of nodes) {
    const disk = await openGuestDisk(file, null).catch(() => null);
    // A disk that cannot be used keeps its leaks.
    if (disk === null) continue;
    await runQemuImg({ program: qemuImg, args: ["check", "-q", "-r", "leaks", disk] });
  }
}

/**
 * Converts a machine's disk into one image without a backing file; `to` exists when it is complete.
 * @param from the disk, and what is beneath it
 * @throws LaunchError `OVERLAY_FAILED`, `OVERLAY_UNSAFE`
 */
export async function flattenDisk(
  qemuImg: string,
  from: BackingChain & { readonly file: string },
  to: string,
  { compress, ...progress }: QemuImgProgress & { readonly compress: boolean },
): Promise<void> {
  await rm(to, { force: true });
  const format = compress ? ["-c", "-O", "qcow2"] : ["-O", "qcow2"];
  const convert = ["convert", "-p", ...format, await openGuestDisk(from.file, from)];
  await ensureFile(to, (fresh) => changeDisk(qemuImg, [...convert, fresh], progress));
}

const snapshotInfo = z.object({
  name: z.string(),
  "vm-state-size": z.number(),
  "date-sec": z.number(),
  "date-nsec": z.number(),
});
export type SnapshotInfo = z.infer<typeof snapshotInfo>;
export const imageInfo = z.object({
  "virtual-size": z.number(),
  snapshots: z.array(snapshotInfo).default([]),
});
type ImageInfo = z.infer<typeof imageInfo>;

/** Of an inspected disk. @throws LaunchError `OVERLAY_FAILED` */
export function readImageInfo(qemuImg: string, file: string, format: string): Promise<ImageInfo> {
  return readInfo(qemuImg, ["-f", format, file]);
}

/** Of a disk that a guest's QEMU has written to. @throws LaunchError `OVERLAY_FAILED`, `OVERLAY_UNSAFE` */
export async function readGuestDiskInfo(qemuImg: string, file: string): Promise<ImageInfo> {
  return readInfo(qemuImg, [await openGuestDisk(file, null)]);
}

async function readInfo(qemuImg: string, which: readonly string[]): Promise<ImageInfo> {
  return imageInfo.parse(JSON.parse(await changeDisk(qemuImg, ["info", "--output=json", ...which])));
}

type QemuImgProgress = Required<Pick<QemuImgRun, "signal" | "onFraction">>;

/** @returns qemu-img's output. @throws LaunchError `OVERLAY_FAILED` */
export async function changeDisk(
  qemuImg: string,
  args: readonly string[],
  progress?: QemuImgProgress,
): Promise<string> {
  const result = await runQemuImg({ program: qemuImg, args }, progress);
  if (!result.failed) return result.stdout;
  throw new LaunchError("OVERLAY_FAILED", `qemu-img failed: ${describeFailure(result)}`, {
    safeMessage: "The machine's disk could not be made. The host may have run out of space.",
  });
}

/** Makes a file unless it exists; it gets its name when it is complete. */
export async function ensureFile(file: string, make: (fresh: string) => Promise<unknown>): Promise<void> {
  // A file that cannot be reached now is a person's data all the same.
  if (isThere(file)) return;
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  await make(fresh);
  await chmod(fresh, 0o600);
  await syncFile(fresh);
  await rename(fresh, file);
  fsyncFolder(dirname(file));
}
