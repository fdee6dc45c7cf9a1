import type { ImageBytes } from "./image-bytes.ts";

const COOKIE = "conectix";
const FOOTER = 512;
const DYNAMIC_HEADER = 1024;
const FIXED = 2;
const DYNAMIC = 3;
const DIFFERENCING = 4;

/** Whether there is a footer: a copy at the front of a dynamic disk, the only one at the end of a fixed one. */
export async function isVpc(bytes: ImageBytes): Promise<boolean> {
  return (await listFooters(bytes)).length > 0;
}

async function listFooters(bytes: ImageBytes): Promise<Buffer[]> {
  const places = [0, bytes.size - FOOTER, bytes.size - FOOTER + 1];
  const found = await Promise.all(places.map((at) => bytes.read(at, FOOTER)));
  return found.filter((footer) => footer.length >= FOOTER - 1 && footer.toString("latin1", 0, 8) === COOKIE);
}

/** The size of the disk, U64 at 48 of the footer. */
export async function readVpcSize(bytes: ImageBytes): Promise<number | null> {
  const [footer] = await listFooters(bytes);
  return footer === undefined ? null : Number(footer.readBigUInt64BE(48));
}

/**
 * VHD, big-endian: kind U32 at 60 of the footer, offset of the dynamic header U64 at 16; there the parent's UUID at 40,
 * its name at 64 and eight locators of 24 bytes at 576.
 */
export async function findVpcFault(bytes: ImageBytes): Promise<string | null> {
  for (const footer of await listFooters(bytes)) {
    const kind = footer.readUInt32BE(60);
    if (kind === DIFFERENCING) return "it holds only the differences from another image";
    if (kind !== FIXED && kind !== DYNAMIC) return `it is of an unknown kind (${kind})`;
    if (kind === FIXED) continue;
    const header = await bytes.read(Number(footer.readBigUInt64BE(16)), DYNAMIC_HEADER);
    if (header.length < DYNAMIC_HEADER || header.toString("latin1", 0, 8) !== "cxsparse")
      return "its header is cut off";
    const isSet = (from: number, to: number): boolean => header.subarray(from, to).some((byte) => byte !== 0);
    if (isSet(40, 56) || isSet(64, 576)) return "it names a parent image";
    if (isSet(576, 768)) return "it says where a parent image lies";
  }
  return null;
}
