import { LaunchError } from "../../../protocol/index.ts";
import type { ImageBytes } from "../formats/image-bytes.ts";

const BLOCK = 512;
/** An OVA has a descriptor, a manifest, a certificate and its disks. */
const MAX_MEMBERS = 64;

export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * Lists an OVA's members: ordinary files in one flat folder, and nothing else. No member is ever written under its
 * name.
 * @throws LaunchError `OVA_INVALID`
 */
export async function listTarMembers(bytes: ImageBytes): Promise<TarMember[]> {
  const members: TarMember[] = [];
  let offset = 0;
  while (offset < bytes.size) {
    const header = await bytes.read(offset, BLOCK);
    if (header.length < BLOCK || header.every((byte) => byte === 0)) break;
    const member = readHeader(header, offset + BLOCK);
    if (member.offset + member.size > bytes.size) throw invalidOva("it is cut off");
    if (members.some(({ name }) => name === member.name))
      throw invalidOva(`it has two members "${member.name}"`);
    members.push(member);
    if (members.length > MAX_MEMBERS) throw invalidOva("it has too many members");
    offset = member.offset + Math.ceil(member.size / BLOCK) * BLOCK;
  }
  return members;
}

/** name 100 · … · size 12 at 124 · checksum 8 at 148 · type 1 at 156 · `ustar` at 257 · prefix 155 at 345 */
function readHeader(header: Buffer, offset: number): TarMember {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (Number.parseInt(readText(header, 148, 8), 8) !== sum) throw invalidOva("a member's checksum is wrong");
  const name = readText(header, 0, 100);
  const type = String.fromCharCode(header[156] ?? 0);
  if (type !== "0" && type !== "\0") throw invalidOva(`its member "${name}" is no ordinary file`);
  if (readText(header, 345, 155) !== "" || !/^[A-Za-z0-9_][A-Za-z0-9_. ()+-]*$/.test(name))
    throw invalidOva(`its member "${name}" has a name that leads elsewhere`);
  const size = readSize(header.subarray(124, 136));
  if (!Number.isSafeInteger(size)) throw invalidOva(`its member "${name}" has no size`);
  return { name, offset, size };
}

/** Octal, or for more than 8 GiB binary with the highest bit set. */
function readSize(field: Buffer): number {
  if ((field[0] ?? 0) === 0x80) return Number(BigInt(`0x${field.toString("hex", 1)}`));
  const text = readText(field, 0, 12).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function readText(header: Buffer, at: number, length: number): string {
  const field = header.toString("latin1", at, at + length);
  const end = field.indexOf("\0");
  return end < 0 ? field : field.slice(0, end);
}

/** @returns an error that names the archive's fault */
export function invalidOva(why: string): LaunchError {
  const text = `The OVA cannot be imported: ${why}.`;
  return LaunchError.public("OVA_INVALID", text);
}
