/** "QFI" and 0xfb: the first four bytes of every qcow2 file. */
const MAGIC = 0x514649fb;
const EXTERNAL_DATA_FILE = 1n << 2n;
/** Version 2 ends here; the feature bits of version 3 follow. */
const V2_LENGTH = 72;

/** Bytes of the header that {@link findQcow2Fault} looks at. */
export const QCOW2_HEADER_LENGTH = 80;

/**
 * Why a qcow2 image must not be used, or null. An image that names another file would let whoever made it read
 * files of the host.
 * @param header the first {@link QCOW2_HEADER_LENGTH} bytes of the file, fewer if it is shorter
 */
export function findQcow2Fault(header: Buffer): string | null {
  if (header.length < V2_LENGTH || header.readUInt32BE(0) !== MAGIC) return "it is not a qcow2 image";
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `it is of an unknown qcow2 version (${version})`;
  if (header.readBigUInt64BE(8) !== 0n) return "it names a backing file";
  if (header.readUInt32BE(32) !== 0) return "it is encrypted";
  if (version === 2) return null;
  if (header.length < QCOW2_HEADER_LENGTH) return "its header is cut off";
  if ((header.readBigUInt64BE(72) & EXTERNAL_DATA_FILE) !== 0n) return "it keeps its data in another file";
  return null;
}
