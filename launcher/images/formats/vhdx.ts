import type { ImageBytes } from "./image-bytes.ts";

const HEADERS = [0x10000, 0x20000];
const REGION_TABLES = [0x30000, 0x40000];
const HEADER = 4096;
const ENTRY = 32;
const MAX_ENTRIES = 2047;
const METADATA_REGION = "06a27c8b90479a4bb8fe575f050f886e";
const FILE_PARAMETERS = "3767a1ca36fa434db3b633f0aa44e76b";
const PARENT_LOCATOR = "2d5fd3a80bb34d45abf7d3d84834ab0c";
const DISK_SIZE = "2442a52f1bcd7648b2115dbed83bf4b8";
const HAS_PARENT = 0b10;

const CRC32C = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/**
 * VHDX, little-endian. Both copies of the region table (`regi`, U32 entries at 8, entries from 16: GUID, U64 offset,
 * U32 length) lead to metadata (`metadata`, U16 entries at 10, entries from 32: GUID, U32 offset, U32 length). A
 * pending log would be replayed over what was inspected.
 */
export async function findVhdxFault(bytes: ImageBytes): Promise<string | null> {
  const header = await findCurrentHeader(bytes);
  if (header === null) return "its header is cut off";
  if (header.subarray(48, 64).some(Boolean))
    return "it was not closed properly. Open and close it where it comes from";
  const regions = await findMetadataRegions(bytes);
  for (const start of regions) {
    const fault = await findMetadataFault(bytes, start);
    if (fault !== null) return fault;
  }
  return regions.length > 0 ? null : "its header is cut off";
}

/** The size of the disk: an item of the metadata. */
export async function readVhdxSize(bytes: ImageBytes): Promise<number | null> {
  const [start] = await findMetadataRegions(bytes);
  if (start === undefined) return null;
  const table = await bytes.read(start, 32 + ENTRY * MAX_ENTRIES);
  if (table.length < 32) return null;
  for (const entry of entries(table, 32, table.readUInt16LE(10))) {
    if (entry.toString("hex", 0, 16) !== DISK_SIZE) continue;
    const size = await bytes.read(start + entry.readUInt32LE(16), 8);
    return size.length < 8 ? null : Number(size.readBigUInt64LE(0));
  }
  return null;
}

/** Where the metadata begin, by both copies of the region table. */
async function findMetadataRegions(bytes: ImageBytes): Promise<number[]> {
  const found: number[] = [];
  for (const at of REGION_TABLES) {
    const table = await bytes.read(at, 16 + ENTRY * MAX_ENTRIES);
    if (table.length < 16 || table.toString("latin1", 0, 4) !== "regi") continue;
    for (const entry of entries(table, 16, table.readUInt32LE(8)))
      if (entry.toString("hex", 0, 16) === METADATA_REGION) found.push(Number(entry.readBigUInt64LE(16)));
  }
  return found;
}

/**
 * Of the two headers the one that counts: `head`, CRC-32C U32 at 4, sequence number U64 at 8, log's GUID at 48, version
 * U16 at 66. They are written in turn, so the other one is out of date, or was cut off while it was written.
 */
async function findCurrentHeader(bytes: ImageBytes): Promise<Buffer | null> {
  const headers = await Promise.all(HEADERS.map((at) => bytes.read(at, HEADER)));
  const [first, second] = headers.filter(isValidHeader);
  if (first === undefined || second === undefined) return first ?? null;
  return second.readBigUInt64LE(8) > first.readBigUInt64LE(8) ? second : first;
}

function isValidHeader(header: Buffer): boolean {
  if (header.length < HEADER || header.toString("latin1", 0, 4) !== "head") return false;
  const summed = Buffer.from(header);
  summed.writeUInt32LE(0, 4);
  return header.readUInt16LE(66) === 1 && crc32c(summed) === header.readUInt32LE(4);
}

/** The checksum of iSCSI and VHDX; zlib's is another one. */
function crc32c(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (CRC32C[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

async function findMetadataFault(bytes: ImageBytes, start: number): Promise<string | null> {
  const table = await bytes.read(start, 32 + ENTRY * MAX_ENTRIES);
  if (table.length < 32 || table.toString("latin1", 0, 8) !== "metadata") return "its header is cut off";
  for (const entry of entries(table, 32, table.readUInt16LE(10))) {
    const id = entry.toString("hex", 0, 16);
    if (id === PARENT_LOCATOR) return "it says where a parent image lies";
    if (id !== FILE_PARAMETERS) continue;
    const parameters = await bytes.read(start + entry.readUInt32LE(16), 8);
    if (parameters.length < 8) return "its header is cut off";
    if ((parameters.readUInt32LE(4) & HAS_PARENT) !== 0)
      return "it holds only the differences from another image";
  }
  return null;
}

function* entries(table: Buffer, from: number, count: number): Generator<Buffer> {
  for (let index = 0; index < Math.min(count, MAX_ENTRIES); index += 1) {
    const entry = table.subarray(from + index * ENTRY, from + (index + 1) * ENTRY);
    if (entry.length < ENTRY) return;
    yield entry;
  }
}
