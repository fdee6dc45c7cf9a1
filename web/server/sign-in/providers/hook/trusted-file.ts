import { accessSync, constants, realpathSync, statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { HOOK_FAULTS, HookFault } from "./hook-fault.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Where a file is, links resolved.
 * @throws HookFault
 */
export function locateTrustedFile(file: string): string {
  let path: string;
  try {
    path = realpathSync(file);
  } catch (cause) {
    throw new HookFault(HOOK_FAULTS.missing(file), cause);
  }
  requireTrusted(path);
  return path;
}

/**
 * Nobody but root and this server's account may change the file, or put another one in its place: what it says counts as this
 * server's own word.
 * @param path absolute, without links
 * @throws HookFault
 */
export function requireTrusted(path: string): void {
  const found = look(path);
  if (!found.isFile()) throw new HookFault(HOOK_FAULTS.notAFile(path));
  requireClosed(path, found);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = look(folder);
    // In a folder such as /tmp everybody has files, and nobody takes away another one's.
    if ((stats.mode & STICKY) === 0) requireClosed(folder, stats);
    else requireOwner(folder, stats);
    if (folder === dirname(folder)) return;
  }
}

/** @throws HookFault */
export function requireExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new HookFault(HOOK_FAULTS.notExecutable(path), cause);
  }
}

function requireClosed(path: string, stats: Stats): void {
  requireOwner(path, stats);
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) throw new HookFault(HOOK_FAULTS.writable(path));
}

function requireOwner(path: string, { uid }: Stats): void {
  if (uid !== 0 && uid !== process.getuid?.()) throw new HookFault(HOOK_FAULTS.foreign(path));
}

function look(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw new HookFault(HOOK_FAULTS.missing(path), cause);
  }
}
