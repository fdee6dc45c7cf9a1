import type { ImageBytes } from "./image-bytes.ts";

const HEADER = 64;
const BACKING_FILE = 1n;
const KNOWN = 0b111n;

/** The size of the disk, U64 at 48. */
export async function readQedSize(bytes: ImageBytes): Promise<number | null> {
  const header = await bytes.read(48, 8);
  return header.length < 8 ? null : Number(header.readBigUInt64LE(0));
}

/** QED, little-endian: features U64 at 16; bit 0: there is a backing file, whose name is at 56 and 60. */
export async function findQedFault(bytes: ImageBytes): Promise<string | null> {
  const header = await bytes.read(0, HEADER);
  if (header.length < HEADER) return "its header is cut off";
  const features = header.readBigUInt64LE(16);
  if ((features & BACKING_FILE) !== 0n || header.readUInt32LE(60) !== 0) return "it names a backing file";
  if ((features & ~KNOWN) !== 0n) return "it has features that nobody here knows";
  return null;
}
