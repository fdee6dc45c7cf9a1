import { chmod, chown, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunAs } from "./system-account.ts";

/** A machine's files, as the account must find them. */
export interface MachineFiles {
  /** Folders that lead to the others: the account may pass through, and not list them. */
  readonly traversableFolders: readonly string[];
  /** The folder for sockets: QEMU makes and removes its own in there. */
  readonly socketFolder?: string;
  /** QEMU writes to them; those that are not there yet are made, empty. */
  readonly written: readonly string[];
  /** QEMU reads them; those that are not there are left out. */
  readonly read: readonly string[];
}

/**
 * Gives the account its files of a machine, and nothing else: the folder stays the launcher's, so that a QEMU that was
 * taken over cannot put another record or specification into it. Does nothing unless QEMU runs as an account.
 */
export async function grantFiles(runAs: RunAs, files: MachineFiles): Promise<void> {
  if (runAs.kind !== "account") return;
  const { uid, gid } = runAs.account;
  for (const folder of files.traversableFolders) {
    await chown(folder, 0, gid);
    await chmod(folder, 0o710);
  }
  if (files.socketFolder !== undefined) {
    // Sticky: nobody removes what is another's.
    await chown(files.socketFolder, 0, gid);
    await chmod(files.socketFolder, 0o1770);
  }
  for (const file of files.written) await (await open(file, "a", 0o600)).close();
  for (const file of files.written) await chown(file, uid, gid);
  for (const file of files.read) {
    const found = await lstat(file).catch(() => null);
    if (found === null) continue;
    await chown(file, 0, gid);
    await chmod(file, (found.mode & 0o740) | 0o040);
  }
}

/** Takes a file back that outlives its machine, and closes the folder that leads to it. */
export async function takeBackFile(runAs: RunAs, file: string): Promise<void> {
  if (runAs.kind !== "account") return;
  await chown(file, 0, 0);
  await chmod(dirname(file), 0o700);
  await chown(dirname(file), 0, 0);
}
