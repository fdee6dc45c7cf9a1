import { chmod, chown, lstat, open, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { chooseMachineAccount, type RunAs, type SystemAccount } from "./system-account.ts";
import { statSync } from "node:fs";
import { ConfigError } from "../../protocol/index.ts";

/** A machine's files by the access that the account needs. */
interface MachineFiles {
  /** Folders that lead to the others: the account may pass through, but not list them. */
  readonly traversableFolders: readonly string[];
  /** The folder for sockets: QEMU makes and removes its own in there. */
  readonly socketFolder?: string;
  /** Writable for QEMU; created empty if they do not exist. */
  readonly written: readonly string[];
  /** Readable for QEMU; skipped if they do not exist. */
  readonly read: readonly string[];
}

/**
 * Gives the account its files of a machine, and nothing else: the folder stays the launcher's, so that a compromised
 * QEMU cannot put another state file or specification into it. Does nothing unless QEMU runs as an account.
 */
export async function grantFiles(runAs: RunAs, files: MachineFiles): Promise<void> {
  if (runAs.kind !== "account") return;
  const { uid, gid } = runAs.account;
  for (const folder of files.traversableFolders) {
    await chown(folder, 0, gid);
    await chmod(folder, 0o710);
  }
  if (files.socketFolder !== undefined) {
    // Sticky: no account removes another's files.
    await chown(files.socketFolder, 0, gid);
    await chmod(files.socketFolder, 0o1770);
  }
  for (const file of files.written) await (await open(file, "a", 0o600)).close();
  for (const file of files.written) {
    await chown(file, uid, gid);
    await chmod(file, 0o600);
  }
  for (const file of files.read) {
    const found = await lstat(file).catch(() => null);
    if (found === null) continue;
    await chown(file, 0, gid);
    await chmod(file, (found.mode & 0o740) | 0o040);
  }
}

/** Takes back a file that outlives its machine, and closes the folder that leads to it. */
export async function takeBackFile(runAs: RunAs, file: string): Promise<void> {
  if (runAs.kind !== "account") return;
  await chown(file, 0, 0);
  await chmod(dirname(file), 0o700);
  await chown(dirname(file), 0, 0);
}

/** Takes back an image that a machine worked on: it is read-only, and the launcher's, like all images. */
export async function takeBackImage(runAs: RunAs, file: string): Promise<void> {
  if (runAs.kind === "account") await chown(file, 0, 0);
  if (runAs.kind !== "root") await chmod(file, 0o400);
}

/** Whether a file is in a folder or below it. */
export function isWithin(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** The folders that lead from `top` to a file below it, `top` included. */
export function listFoldersAbove(file: string, top: string): string[] {
  const folder = dirname(file);
  return folder === top || !isWithin(folder, top) ? [top] : [...listFoldersAbove(folder, top), folder];
}

/** Lets an account pass through the launcher's folders without listing them. */
export async function grantTraversal(runAs: RunAs, folders: readonly string[]): Promise<void> {
  if (runAs.kind !== "account") return;
  for (const folder of folders) {
    if (mayTraverse(runAs.account, folder)) continue;
    const { gid, mode } = await stat(folder);
    if (gid !== 0 && (mode & 0o010) !== 0) {
      // Another host's account goes through here, too: it must not lose its way.
      await chmod(folder, (mode & 0o7777) | 0o001);
      continue;
    }
    await chown(folder, 0, runAs.account.gid);
    await chmod(folder, 0o710);
  }
}

/**
 * Lets the account that machines will run as into a data folder.
 * @throws ConfigError `ACCOUNT_UNKNOWN`, `ACCOUNT_MISSING`, `ACCOUNT_ROOT`, `ACCOUNT_PATH`
 */
export async function grantMachineAccountTraversal(vmUser: string | null, dataDir: string): Promise<void> {
  await prepareAccount(vmUser, [join(dataDir, "machines")], [dataDir]);
}

/**
 * Decides as whom QEMU runs, and opens the way to its folders.
 * @param wanted the administrator's choice; null: the default account
 * @param folders those that it needs
 * @param traversableFolders the launcher's folders above them
 * @throws ConfigError `ACCOUNT_UNKNOWN`, `ACCOUNT_MISSING`, `ACCOUNT_ROOT`, `ACCOUNT_PATH`
 */
export async function prepareAccount(
  wanted: string | null,
  folders: readonly string[],
  traversableFolders: readonly string[],
  runAs: RunAs = chooseMachineAccount(wanted),
): Promise<RunAs> {
  if (runAs.kind !== "account") return runAs;
  await grantTraversal(runAs, traversableFolders);
  const { account } = runAs;
  const closed = folders
    .map((folder) => findForbiddenFolder(account, dirname(folder), traversableFolders))
    .find((found) => found !== null);
  if (closed === undefined || closed === null) return runAs;
  const text =
    `The account "${account.name}", which machines run as, cannot pass through ${closed}. ` +
    `Choose a data folder elsewhere (/var/lib/postern), let it through with: chmod o+x ${closed}, or let machines run as root with --vm-user root.`;
  throw ConfigError.public("ACCOUNT_PATH", text);
}

/**
 * The outermost folder on the path to `folder` that an account cannot enter; null: it can enter all.
 * @param opened folders that are opened to it by {@link grantTraversal}
 */
export function findForbiddenFolder(
  account: SystemAccount,
  folder: string,
  opened: readonly string[],
): string | null {
  const above = folder === dirname(folder) ? null : findForbiddenFolder(account, dirname(folder), opened);
  return above ?? (opened.includes(folder) || mayTraverse(account, folder) ? null : folder);
}

function mayTraverse(account: SystemAccount, folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return true;
  const { uid, gid, mode } = found;
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid || account.groups.includes(gid)) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
