import type { ImageBytes } from "./image-bytes.ts";

const HEADERS = [0x10000, 0x20000];
const REGION_TABLES = [0x30000, 0x40000];
const ENTRY = 32;
const MAX_ENTRIES = 2047;
const METADATA_REGION = "06a27c8b90479a4bb8fe575f050f886e";
const FILE_PARAMETERS = "3767a1ca36fa434db3b633f0aa44e76b";
const PARENT_LOCATOR = "2d5fd3a80bb34d45abf7d3d84834ab0c";
const HAS_PARENT = 0b10;

/**
 * VHDX, little-endian. Both copies of the region table (`regi`, U32 entries at 8, entries from 16: GUID, U64 offset,
 * U32 length) lead to metadata (`metadata`, U16 entries at 10, entries from 32: GUID, U32 offset, U32 length). A
 * pending log would be replayed over what was inspected.
 */
export async function findVhdxFault(bytes: ImageBytes): Promise<string | null> {
  for (const at of HEADERS) {
    const header = await bytes.read(at, 80);
    if (
      header.length === 80 &&
      header.toString("latin1", 0, 4) === "head" &&
      header.subarray(48, 64).some(Boolean)
    )
      return "it was not closed properly. Open and close it where it comes from";
  }
  let found = false;
  for (const at of REGION_TABLES) {
    const table = await bytes.read(at, 16 + ENTRY * MAX_ENTRIES);
    if (table.length < 16 || table.toString("latin1", 0, 4) !== "regi") continue;
    for (const entry of entries(table, 16, table.readUInt32LE(8))) {
      if (entry.toString("hex", 0, 16) !== METADATA_REGION) continue;
      found = true;
      const fault = await findMetadataFault(bytes, Number(entry.readBigUInt64LE(16)));
      if (fault !== null) return fault;
    }
  }
  return found ? null : "its header is cut off";
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
