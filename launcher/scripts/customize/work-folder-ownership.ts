import { constants } from "node:fs";
import { chmod, lchown, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SystemAccount, RunAs } from "../../system/system-account.ts";

/** Up to the end of the backing file's name. */
const HEADER_BYTES = 4096;
/** Dirty, corrupt, compression type, extended L2 entries: they lead to no other file. */
const HARMLESS = 0b11011n;

/** Gives the work folder and its files to the account. */
export async function giveWorkFolder(folder: string, { uid, gid }: SystemAccount): Promise<void> {
  for (const name of await readdir(folder)) await lchown(join(folder, name), uid, gid);
  await lchown(folder, uid, gid);
}

/**
 * Takes ownership of a disk back, read-only. A compromised appliance may have put anything in its place.
 * @param links the result of {@link readHeaderReferences} before it ran
 */
export async function takeBackDisk(runAs: RunAs, folder: string, disk: string, links: Buffer): Promise<void> {
  if (runAs.kind === "account") {
    await lchown(folder, 0, 0);
    await chmod(folder, 0o700);
  }
  const handle = await open(disk, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.nlink !== 1) throw new Error("the disk is no file of its own any more");
    if (runAs.kind === "account") await handle.chown(0, 0);
    await handle.chmod(0o400);
  } finally {
    await handle.close();
  }
  if (!(await readHeaderReferences(disk)).equals(links))
    throw new Error("the disk's header names other files now");
}

/** The parts of a qcow2 header that refer to other files. */
export async function readHeaderReferences(disk: string): Promise<Buffer> {
  const handle = await open(disk, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, 0);
    header.writeBigUInt64BE(header.readBigUInt64BE(72) & ~HARMLESS, 72);
    // Between them: sizes and tables, which grow.
    return Buffer.concat([header.subarray(0, 24), header.subarray(72, 80), header.subarray(100)]);
  } finally {
    await handle.close();
  }
}
