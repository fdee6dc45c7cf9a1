import { lstat, realpath } from "node:fs/promises";
import {
  errorCode,
  isMissing,
  type BootSource,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { FileBytes, type ImageBytes } from "./formats/image-bytes.ts";
import { detectFormat, type ContentFormat } from "./formats/detect-format.ts";
import { findOverlayFault, findQcow2Fault } from "./formats/qcow2.ts";
import { findQedFault } from "./formats/qed.ts";
import { findVdiFault } from "./formats/vdi.ts";
import { findVhdxFault } from "./formats/vhdx.ts";
import { findVmdkFault } from "./formats/vmdk.ts";
import { findVpcFault } from "./formats/vpc.ts";

/** What names an image's files. */
type ImageFiles = Pick<ImageEntry, "boot" | "extraDisks" | "extraCd">;

export type ImageFault =
  { readonly kind: "missing"; readonly file: string } | { readonly kind: "unsafe"; readonly why: string };

const INSPECTORS: Readonly<Record<DiskFormat, (bytes: ImageBytes) => Promise<string | null>>> = {
  qcow2: findQcow2Fault,
  raw: () => Promise.resolve(null),
  vdi: findVdiFault,
  vmdk: findVmdkFault,
  vpc: findVpcFault,
  vhdx: findVhdxFault,
  qed: findQedFault,
};

/** Links within their folder were followed before. */
const OUTWARD_LINK = "it is a link out of its folder; name the file that it leads to";

const NAMES: Readonly<Record<ContentFormat, string>> = {
  qcow2: "a qcow2 image",
  raw: "a raw image",
  vdi: "a VDI image",
  vmdk: "a VMDK image",
  vpc: "a VHD image",
  vhdx: "a VHDX image",
  qed: "a QED image",
  ova: "an OVA archive. Import it first",
  other: "an archive, or a format that is not known here",
};

/** The host files that a boot source reads. */
export function listBootFiles(boot: BootSource): string[] {
  return boot.kind === "kernel" ? [boot.kernel, boot.initrd] : [boot.file];
}

/** The host files that a machine, or an image, reads. */
export function listReadFiles({ boot, extraDisks = [], extraCd }: ImageFiles): string[] {
  const further = [...extraDisks.map(({ file }) => file), ...(extraCd === undefined ? [] : [extraCd])];
  return [...listBootFiles(boot), ...further];
}

/** Inspects an image's files before they are used; null: no fault. */
export async function inspectImage({
  boot,
  extraDisks = [],
  extraCd,
}: ImageFiles): Promise<ImageFault | null> {
  const format = boot.kind === "disk" ? boot.format : boot.kind === "iso" ? "raw" : null;
  for (const file of listBootFiles(boot)) {
    const fault = await inspectFile(file, format);
    if (fault !== null) return fault;
  }
  for (const disk of extraDisks) {
    const fault = await inspectFile(disk.file, disk.format);
    if (fault !== null) return fault;
  }
  return extraCd === undefined ? null : inspectFile(extraCd, "raw");
}

/**
 * Inspects one file.
 * @param format as which it will be opened; null: it is no disk
 */
export function inspectFile(file: string, format: DiskFormat | null): Promise<ImageFault | null> {
  return inspectBytes(file, async (bytes) => {
    if (format === null) return null;
    return (await findWrongFormat(bytes, format)) ?? (await INSPECTORS[format](bytes));
  });
}

/** Inspects a machine's own disk, which may have a backing file. */
export function inspectOverlay(file: string): Promise<ImageFault | null> {
  return inspectBytes(file, findOverlayFault);
}

async function inspectBytes(
  file: string,
  findFault: (bytes: ImageBytes) => Promise<string | null>,
): Promise<ImageFault | null> {
  let bytes: FileBytes | null;
  try {
    bytes = await FileBytes.open(file);
  } catch (error) {
    if (isMissing(error)) return { kind: "missing", file };
    return { kind: "unsafe", why: `it cannot be read (${errorCode(error)})` };
  }
  if (bytes === null) return describeOtherFile(file);
  try {
    const why = await findFault(bytes);
    return why === null ? null : { kind: "unsafe", why };
  } finally {
    await bytes.close();
  }
}

/** A path that is no ordinary file itself. */
async function describeOtherFile(file: string): Promise<ImageFault> {
  const target = await realpath(file).catch((error: unknown) => (isMissing(error) ? null : file));
  if (target === null) return { kind: "missing", file };
  const isLink = (await lstat(file)).isSymbolicLink();
  return { kind: "unsafe", why: isLink ? OUTWARD_LINK : "it is not an ordinary file" };
}

async function findWrongFormat(bytes: ImageBytes, format: DiskFormat): Promise<string | null> {
  const found = await detectFormat(bytes);
  if (found === format) return null;
  return `it is said to be ${NAMES[format]} and is ${NAMES[found]}`;
}

/**
 * A file's format by its content, and its fault.
 * @throws the system's error if it cannot be opened
 */
export async function inspectUnknownFile(
  file: string,
): Promise<{ format: ContentFormat | null; why: string | null }> {
  const bytes = await FileBytes.open(file);
  if (bytes === null) {
    const fault = await describeOtherFile(file);
    return {
      format: null,
      why: fault.kind === "unsafe" ? fault.why : "it is a link to a file that is not there",
    };
  }
  try {
    const format = await detectFormat(bytes);
    if (format === "other") return { format, why: `it is ${NAMES.other}` };
    return { format, why: format === "ova" ? null : await INSPECTORS[format](bytes) };
  } finally {
    await bytes.close();
  }
}
