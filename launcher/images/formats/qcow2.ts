import type { ImageBytes } from "./image-bytes.ts";

/** "QFI" and 0xfb: the first four bytes of every qcow2 file. */
const MAGIC = 0x514649fb;
/** Incompatible features that lead nowhere else: dirty, corrupt, compression type, extended L2 entries. */
const HARMLESS = 0b11011n;
const EXTERNAL_DATA_FILE = 1n << 2n;
/** Version 2 ends here; the feature bits of version 3 follow. */
const V2_LENGTH = 72;
const V3_LENGTH = 104;
const MAX_HEADER = 4096;
const MAX_EXTENSIONS = 64;

const BACKING_FORMAT = 0xe2792aca;
const DATA_FILE_NAME = 0x44415441;

/**
 * Why a qcow2 image must not be used, or null. An image that names another file would let its author read files of the
 * host.
 */
export function findQcow2Fault(bytes: ImageBytes): Promise<string | null> {
  return findHeaderFault(bytes, false);
}

/** The same for a disk with a backing file, where that name is never followed. */
export function findOverlayFault(bytes: ImageBytes): Promise<string | null> {
  return findHeaderFault(bytes, true);
}

/** The size of the disk, U64 at 24. */
export async function readQcow2Size(bytes: ImageBytes): Promise<number | null> {
  const header = await bytes.read(24, 8);
  return header.length < 8 ? null : Number(header.readBigUInt64BE(0));
}

async function findHeaderFault(bytes: ImageBytes, mayBack: boolean): Promise<string | null> {
  const header = await bytes.read(0, V3_LENGTH);
  if (header.length < V2_LENGTH || header.readUInt32BE(0) !== MAGIC) return "it is not a qcow2 image";
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `it is of an unknown qcow2 version (${version})`;
  if (!mayBack && (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0))
    return "it names a backing file";
  if (header.readUInt32BE(32) !== 0) return "it is encrypted";
  if (version === 2) return findExtensionFault(bytes, V2_LENGTH, mayBack);
  if (header.length < V3_LENGTH) return "its header is cut off";
  const features = header.readBigUInt64BE(72);
  if ((features & EXTERNAL_DATA_FILE) !== 0n) return "it keeps its data in another file";
  if ((features & ~HARMLESS) !== 0n) return "it has features that nobody here knows";
  const length = header.readUInt32BE(100);
  if (length < V3_LENGTH || length > MAX_HEADER || length % 8 !== 0) return "its header has a wrong length";
  return findExtensionFault(bytes, length, mayBack);
}

/** U32 type · U32 length · data, padded to 8 bytes; type 0 is the last. */
async function findExtensionFault(
  bytes: ImageBytes,
  start: number,
  mayBack: boolean,
): Promise<string | null> {
  let at = start;
  for (let count = 0; count < MAX_EXTENSIONS; count += 1) {
    const head = await bytes.read(at, 8);
    if (head.length < 8) return null;
    const type = head.readUInt32BE(0);
    if (type === 0) return null;
    if (type === BACKING_FORMAT && !mayBack) return "it names a backing file";
    if (type === DATA_FILE_NAME) return "it keeps its data in another file";
    at += 8 + Math.ceil(head.readUInt32BE(4) / 8) * 8;
  }
  return "its header has too many extensions";
}
