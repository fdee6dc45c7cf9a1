import type { ImageBytes } from "./image-bytes.ts";

const HEADER = 0x1c8;
const UUID_BYTES = 16;
const TYPES: Readonly<Record<number, string | undefined>> = {
  1: undefined,
  2: undefined,
  3: "it is an undo image of another one",
  4: "it holds only the differences from another image",
};

/** The size of the disk, U64 at 0x170. */
export async function readVdiSize(bytes: ImageBytes): Promise<number | null> {
  const header = await bytes.read(0x170, 8);
  return header.length < 8 ? null : Number(header.readBigUInt64LE(0));
}

/** VDI, little-endian: type U32 at 0x4c; UUIDs of the image it links to at 0x1a8, of its parent at 0x1b8. */
export async function findVdiFault(bytes: ImageBytes): Promise<string | null> {
  const header = await bytes.read(0, HEADER);
  if (header.length < HEADER) return "its header is cut off";
  const type = header.readUInt32LE(0x4c);
  if (!(type in TYPES)) return `it is of an unknown kind (${type})`;
  const fault = TYPES[type];
  if (fault !== undefined) return fault;
  const others = header.subarray(0x1a8, 0x1b8 + UUID_BYTES);
  return others.every((byte) => byte === 0) ? null : "it holds only the differences from another image";
}
