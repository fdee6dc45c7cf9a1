import { mkdtemp, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeError, LaunchError, type DiskFormat, type ImageEntry } from "../../protocol/index.ts";
import { inspectUnknownFile } from "./inspect-image.ts";
import type { KnownGuest } from "./choose-hardware.ts";
import type { OvfMachine } from "./ova/ovf.ts";
import { invalidOva } from "./ova/ova-error.ts";
import { unpackOva } from "./ova/unpack-ova.ts";
import { examineDisk } from "./examine-disk.ts";
import { readAllDisksGb } from "./virtual-size.ts";
import type { WorkProgress } from "./progress.ts";
import { convertImage, growImage, measureImage } from "./qemu-img.ts";
import { keepFile, randomVersion, type ImageStore } from "./image-store.ts";
import type { UsedFiles } from "./used-files.ts";

/** The first, and those of an entry's `extraDisks`. */
const MAX_DISKS = 3;
/** Left free on the disk that images are written to. */
const RESERVE_BYTES = 256 * 1024 * 1024;

export interface WorkOptions {
  readonly onProgress: (progress: WorkProgress) => void;
  readonly signal: AbortSignal;
}

interface Source {
  readonly file: string;
  readonly format: DiskFormat | "host_device";
}

interface Sources {
  /** The first is booted from. */
  readonly disks: readonly Source[];
  /** What the OVF says; null: there is none. */
  readonly machine: OvfMachine | null;
}

/** What became of an import, for the image's entry. */
export interface ImportedImage extends KnownGuest {
  readonly file: string;
  /** Further disks, in the order of their places. */
  readonly extraDisks: readonly { readonly format: "qcow2"; readonly file: string }[];
  /** Of all disks together, in GiB, rounded up; null: not known. */
  readonly diskGb: number | null;
}

/**
 * Makes a qcow2 image in the folder from a disk of any supported format, an OVA, or a raw device.
 * @param file absolute
 * @param declared the format according to the caller; null: by the content. A raw disk has to be declared
 * @param describe makes the entry
 * @throws LaunchError `IMAGE_UNSAFE`, `IMAGE_FORMAT`, `IMAGE_TOO_LARGE`, `OVA_INVALID`, `QEMU_IMG_FAILED`,
 *   `IMAGE_NO_SPACE`, `IMAGE_UNKEPT`
 * @throws RequestError `IMAGE_EXISTS`
 */
export async function importImage(
  store: ImageStore,
  what: {
    readonly id: string;
    readonly file: string;
    readonly declared: DiskFormat | "ova" | null;
    readonly compress: boolean;
    readonly describe: (imported: ImportedImage) => ImageEntry;
  },
  work: WorkOptions,
): Promise<ImageEntry> {
  store.checkFree(what.id);
  return inWorkFolder(store.folder, async (folder) => {
    const { disks, machine } = await prepareSources(what.file, what.declared, folder, work);
    const targets: string[] = [];
    for (const source of disks) {
      const target = join(folder, `image-${targets.length}.qcow2`);
      await convert(source, target, what.compress, work);
      // What was unpacked has become the new file.
      if (source.file !== what.file) await rm(source.file);
      targets.push(target);
    }
    const [main = "", ...others] = targets;
    const { system } = await examineDisk({ file: main, format: "qcow2" }, folder, work.signal);
    const diskGb = await readAllDisksGb(targets.map((file) => ({ file, format: "qcow2" })));
    const came = disks[0]?.format ?? "raw";
    const about = { format: came === "host_device" ? ("raw" as const) : came, system, machine, diskGb };
    const extraDisks = others.map((other) => ({
      from: other,
      to: store.fileForVersion(what.id, randomVersion()),
    }));
    const named = extraDisks.map(({ to }) => ({ format: "qcow2" as const, file: to }));
    try {
      for (const { from, to } of extraDisks) await keepFile(from, to);
      return await store.registerImage(what.id, main, (file) =>
        what.describe({ ...about, file, extraDisks: named }),
      );
    } catch (error) {
      for (const { to } of extraDisks) await rm(to, { force: true });
      throw error;
    }
  });
}

async function prepareSources(
  file: string,
  declared: DiskFormat | "ova" | null,
  folder: string,
  work: WorkOptions,
): Promise<Sources> {
  if (declared === "raw" && (await isDevice(file)))
    return { disks: [{ file, format: "host_device" }], machine: null };
  const format = await checkImageFile(file, declared);
  if (format !== "ova") return { disks: [{ file, format }], machine: null };
  const { disks, machine } = await unpackOva(file, folder, {
    signal: work.signal,
    maxBytes: await measureFree(folder),
    onFraction: (fraction) => {
      work.onProgress({ title: "Unpack the archive", fraction });
    },
  });
  if (disks.length > MAX_DISKS)
    throw invalidOva(`it has ${disks.length} disks, and a machine has ${MAX_DISKS} at most here`);
  const sources: Source[] = [];
  for (const disk of disks) {
    const inner = await checkImageFile(disk, null);
    if (inner === "ova" || inner === "raw") throw invalidOva("its disk is in no format that is known here");
    sources.push({ file: disk, format: inner });
  }
  return { disks: sources, machine };
}

async function isDevice(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isBlockDevice() ?? false;
}

/** @throws LaunchError `IMAGE_UNSAFE`, `IMAGE_FORMAT`, `IMAGE_UNREADABLE` */
export async function checkImageFile(
  file: string,
  declared: DiskFormat | "ova" | null,
): Promise<DiskFormat | "ova"> {
  let found: Awaited<ReturnType<typeof inspectUnknownFile>>;
  try {
    found = await inspectUnknownFile(file);
  } catch (cause) {
    throw new LaunchError("IMAGE_UNREADABLE", `The file cannot be read: ${describeError(cause)}`, { cause });
  }
  const { format, why } = found;
  if (why !== null || format === null || format === "other") {
    const text = `The image cannot be used: ${why ?? "it is of no format that is known here"}.`;
    throw LaunchError.public("IMAGE_UNSAFE", text);
  }
  if (declared !== null && declared !== format) {
    const text = `The file is said to be ${declared}, and its content says ${format}.`;
    throw LaunchError.public("IMAGE_FORMAT", text);
  }
  if (declared === null && format === "raw") {
    const text = "The file has none of the signs of a disk image. If it is a raw disk, say so: --format raw.";
    throw LaunchError.public("IMAGE_FORMAT", text);
  }
  return format;
}

async function convert(source: Source, target: string, compress: boolean, work: WorkOptions): Promise<void> {
  const title = compress ? "Convert and compress" : "Convert";
  if (source.format !== "host_device") await measureImage(source.file, source.format, work.signal);
  await convertImage(source, target, compress, {
    signal: work.signal,
    maxFileBytes: await measureFree(dirname(target)),
    onFraction: (fraction) => {
      work.onProgress({ title, fraction });
    },
  });
}

/**
 * Rewrites an image of the folder, compressed.
 * @param used the files that machines depend on, asked for when the work is done
 * @throws as {@link importImage}; LaunchError `IMAGE_NOT_QCOW2`
 */
export async function compressImage(
  store: ImageStore,
  id: string,
  used: () => Promise<UsedFiles>,
  work: WorkOptions,
): Promise<void> {
  const file = ownQcow2(store, id);
  await inWorkFolder(store.folder, async (folder) => {
    const target = join(folder, "image.qcow2");
    await checkImageFile(file, "qcow2");
    await convert({ file, format: "qcow2" }, target, true, work);
    await store.replaceFile(id, target, used);
  });
}

/**
 * Makes an image's disk larger, for new machines.
 * @throws LaunchError `IMAGE_NOT_QCOW2`, `IMAGE_SHRINK`, `QEMU_IMG_FAILED`
 */
export async function resizeImage(
  store: ImageStore,
  id: string,
  { bytes, used }: { readonly bytes: number; readonly used: () => Promise<UsedFiles> },
  work: WorkOptions,
): Promise<void> {
  const file = ownQcow2(store, id);
  await checkImageFile(file, "qcow2");
  const { virtualBytes } = await measureImage(file, "qcow2", work.signal);
  if (bytes < virtualBytes) {
    const text = `The disk has ${Math.round(virtualBytes / 2 ** 30)} GiB already. It can only become larger.`;
    throw LaunchError.public("IMAGE_SHRINK", text);
  }
  // On a copy: machines that were made from the image keep the old file.
  await inWorkFolder(store.folder, async (folder) => {
    const target = join(folder, "image.qcow2");
    await convert({ file, format: "qcow2" }, target, false, work);
    await growImage(target, bytes, work.signal);
    await store.replaceFile(id, target, used);
  });
}

function ownQcow2(store: ImageStore, id: string): string {
  const { boot } = store.find(id);
  if (boot.kind === "disk" && boot.format === "qcow2" && dirname(boot.file) === store.folder)
    return boot.file;
  const text = `"${id}" is no qcow2 image of the images folder. Import it first.`;
  throw LaunchError.public("IMAGE_NOT_QCOW2", text);
}

async function measureFree(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.max(0, bavail * bsize - RESERVE_BYTES);
}

async function inWorkFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, ".work-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
