import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { describeError, isPosternError } from "../../../protocol/index.ts";
import { noSpaceError } from "../qemu-img.ts";
import { checkManifest, MANIFEST_HASHES, type MemberDigests } from "./manifest.ts";
import { invalidOva } from "./ova-error.ts";
import { readOvf, type OvfMachine } from "./ovf.ts";

/** An OVA has a descriptor, a manifest, a certificate and its disks. */
const MAX_MEMBERS = 64;
/** Of the descriptor and of the manifest. */
const MAX_TEXT_BYTES = 1024 * 1024;

export interface UnpackedOva {
  readonly machine: OvfMachine;
  /** The disks as files of `folder`, in the descriptor's order. */
  readonly disks: readonly string[];
}

export interface UnpackOptions {
  readonly signal: AbortSignal;
  readonly onFraction: (fraction: number) => void;
  /** The most that may be written. */
  readonly maxBytes: number;
}

interface Member {
  /** Without `./` in front, in one form of accents. */
  readonly name: string;
  readonly digests: MemberDigests;
  /** A file of the folder, named by a number. */
  readonly file: string;
  /** Of descriptors and manifests. */
  readonly text: string | null;
}

interface ArchiveEntry extends AsyncIterable<unknown> {
  readonly header: Header;
  /** Passes over its content. */
  resume(): unknown;
}

/**
 * Takes an OVA apart, in one go from its beginning to its end. No member is written under a name of the archive.
 * @param folder for the members; the caller's, and removed by it
 * @throws LaunchError `OVA_INVALID`, `IMAGE_NO_SPACE`; the signal's reason
 */
export async function unpackOva(ova: string, folder: string, options: UnpackOptions): Promise<UnpackedOva> {
  const members = await readMembers(ova, folder, options);
  const descriptors = members.filter(({ name }) => hasEnding(name, ".ovf"));
  const [descriptor] = descriptors;
  if (descriptor === undefined || descriptors.length > 1)
    throw invalidOva("it has not exactly one descriptor");
  const find = (href: string): Member | null => findMember(members, descriptor.name, href);
  for (const { name, text } of members)
    if (hasEnding(name, ".mf")) checkManifest(text ?? "", (wanted) => find(wanted)?.digests ?? null);
  const machine = readOvf(descriptor.text ?? "");
  const disks: string[] = [];
  // What was taken out of the archive lies there already.
  let space = options.maxBytes;
  for (const { file } of members) space -= (await stat(file)).size;
  for (const { href, isGzip } of machine.disks) {
    const member = find(href);
    if (member === null) throw invalidOva(`its descriptor names "${href}", which is not in it`);
    const plain = isGzip ? `${member.file}.plain` : member.file;
    if (isGzip) {
      await unpackGzip(member.file, plain, { ...options, maxBytes: Math.max(0, space) });
      space += (await stat(member.file)).size - (await stat(plain)).size;
      await rm(member.file);
    }
    const { size } = await stat(plain);
    if (size === 0) throw invalidOva(`its disk "${href}" is empty`);
    disks.push(plain);
  }
  return { machine, disks };
}

function hasEnding(name: string, ending: string): boolean {
  return name.toLowerCase().endsWith(ending);
}

/** A name is relative to the descriptor's folder; it is an address, so it may be percent-encoded. */
function findMember(members: readonly Member[], descriptor: string, href: string): Member | null {
  const candidates = [href, decodePercent(href)].map((one) =>
    normaliseName(posix.join(posix.dirname(descriptor), one)),
  );
  return members.find(({ name }) => candidates.includes(name)) ?? null;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Systems write an accented letter as one character or as two. */
function normaliseName(name: string): string {
  return posix.normalize(name.normalize("NFC"));
}

async function readMembers(ova: string, folder: string, options: UnpackOptions): Promise<Member[]> {
  const { signal, onFraction } = options;
  const { size } = await stat(ova);
  const source = createReadStream(ova, { signal });
  const archive = extract();
  let read = 0;
  source.on("data", (chunk) => {
    read += chunk.length;
    onFraction(read / size);
  });
  source.on("error", (error) => {
    archive.destroy(error);
  });
  source.pipe(archive);
  const members: Member[] = [];
  let space = options.maxBytes;
  try {
    for await (const entry of archive) {
      const member = await readMember(entry, join(folder, `member-${members.length}`), space);
      if (member === null) continue;
      if (members.some(({ name }) => name === member.name))
        throw invalidOva(`it has two members "${member.name}"`);
      members.push(member);
      if (members.length > MAX_MEMBERS) throw invalidOva("it has too many members");
      space -= entry.header.size;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isPosternError(error)) throw error;
    throw isFull(error) ? noSpaceError(error) : invalidOva(`it is damaged (${describeError(error)})`, error);
  } finally {
    source.destroy();
  }
  return members;
}

/** Null: it is no file. */
async function readMember(entry: ArchiveEntry, file: string, maxBytes: number): Promise<Member | null> {
  const { type, size } = entry.header;
  const name = normaliseName(entry.header.name);
  if (/^(?:\/|\.\.(?:\/|$))/.test(name))
    throw invalidOva(`its member "${name}" has a name that leads elsewhere`);
  if (type === "directory") {
    entry.resume();
    return null;
  }
  if (type !== "file" && type !== "contiguous-file")
    throw invalidOva(`its member "${name}" is no ordinary file`);
  const isText = hasEnding(name, ".ovf") || hasEnding(name, ".mf");
  if (isText && size > MAX_TEXT_BYTES) throw invalidOva(`its member "${name}" is too long`);
  if (size > maxBytes) throw noSpaceError();
  const hashes = MANIFEST_HASHES.map((one) => [one, createHash(one)] as const);
  const held: Buffer[] = [];
  const look = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const [, hash] of hashes) hash.update(chunk);
      if (isText) held.push(chunk);
      done(null, chunk);
    },
  });
  await pipeline(entry, look, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  const digests = Object.fromEntries(hashes.map(([one, hash]) => [one, hash.digest("hex")])) as MemberDigests;
  return { name, digests, file, text: isText ? Buffer.concat(held).toString("utf8") : null };
}

async function unpackGzip(from: string, to: string, { signal, maxBytes }: UnpackOptions): Promise<void> {
  let written = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      if (written > maxBytes) done(noSpaceError());
      else done(null, chunk);
    },
  });
  const target = createWriteStream(to, { flags: "wx", mode: 0o600 });
  try {
    await pipeline(createReadStream(from), createGunzip(), limit, target, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isPosternError(error)) throw error;
    throw isFull(error)
      ? noSpaceError(error)
      : invalidOva("its disk is said to be packed, and cannot be unpacked", error);
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
