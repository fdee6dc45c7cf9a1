import type { ImageBytes } from "./image-bytes.ts";

const SECTOR = 512;
/** Where QEMU reads the descriptor, whatever the header says, and its length. */
const FIXED_DESCRIPTOR = { at: 0x200, length: 20 * SECTOR };
const MAX_DESCRIPTOR = 1024 * 1024;
/** A footer's header, which replaces the one in front. */
const FOOTER_FROM_END = 1024;
const NAMES_OTHERS = "it consists of other files. Make one file of it where it comes from";

/**
 * A sparse VMDK file (`KDMV`, little-endian: capacity U64 at 12, descriptor's sector and length U64 at 28 and 36). A
 * capacity of 0 makes QEMU read the descriptor for extents in other files.
 */
export async function findVmdkFault(bytes: ImageBytes): Promise<string | null> {
  const header = await bytes.read(0, SECTOR);
  if (header.toString("latin1", 0, 4) !== "KDMV") return NAMES_OTHERS;
  const footer = await bytes.read(bytes.size - FOOTER_FROM_END, SECTOR);
  const headers = footer.toString("latin1", 0, 4) === "KDMV" ? [header, footer] : [header];
  const places = [FIXED_DESCRIPTOR];
  for (const one of headers) {
    if (one.length < SECTOR) return "its header is cut off";
    if (one.readBigUInt64LE(12) === 0n) return NAMES_OTHERS;
    const length = Number(one.readBigUInt64LE(36)) * SECTOR;
    if (length > MAX_DESCRIPTOR) return "its descriptor is too long";
    places.push({ at: Number(one.readBigUInt64LE(28)) * SECTOR, length });
  }
  for (const { at, length } of places) {
    const text = at === 0 ? "" : (await bytes.read(at, length)).toString("latin1");
    const fault = findDescriptorFault(text);
    if (fault !== null) return fault;
  }
  return null;
}

/** The size of the disk: a sparse file's capacity, in sectors. */
export async function readVmdkSize(bytes: ImageBytes): Promise<number | null> {
  const header = await bytes.read(0, SECTOR);
  if (header.length < SECTOR || header.toString("latin1", 0, 4) !== "KDMV") return null;
  return Number(header.readBigUInt64LE(12)) * SECTOR;
}

/** The descriptor is lines `KEY=VALUE` and extents `ACCESS SECTORS KIND "FILE"`; a sparse file has itself as the only one. */
export function findDescriptorFault(text: string): string | null {
  if (/parentFileNameHint/i.test(text)) return "it names a parent image";
  const parent = /^\s*parentCID\s*=\s*(\S+)/im.exec(text)?.[1];
  if (parent !== undefined && !/^f{8}$/i.test(parent))
    return "it holds only the differences from another image";
  const extents = [...text.matchAll(/^\s*(?:RW|RDONLY|NOACCESS)\s+\d+\s+(\S+)\s*(?:"([^"\n]*)")?/gim)];
  if (extents.length > 1) return NAMES_OTHERS;
  const [, kind = "SPARSE", name = ""] = extents[0] ?? [];
  if (kind.toUpperCase() !== "SPARSE" || /[/\\]/.test(name)) return NAMES_OTHERS;
  return null;
}
