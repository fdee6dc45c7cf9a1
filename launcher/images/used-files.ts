import { createHash } from "node:crypto";
import { access, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { isMissing } from "../../protocol/index.ts";
import { isThere, readRecord, replaceJsonFile } from "../system/json-file.ts";

/** Which files machines depend on. */
export interface UsedFiles {
  has(file: string): boolean;
}

const usedBoot = z.object({
  name: z.string(),
  boot: z.object({
    file: z.string().optional(),
    kernel: z.string().optional(),
    initrd: z.string().optional(),
  }),
  extraDisks: z.array(z.object({ file: z.string() })).default([]),
  extraCd: z.string().optional(),
});

/** What the machines of a state folder depend on. */
export interface FilesInUse {
  /** By file, the names of its machines. */
  readonly machines: ReadonlyMap<string, readonly string[]>;
  /** Folders, of machines or of hosts, whose records cannot be read: they may depend on any file. */
  readonly unreadable: readonly string[];
}

/** A machine's own disks over its image's. */
const DISKS = ["overlay.qcow2", "disk-1.qcow2", "disk-2.qcow2"];

/** `.machines-HASH.json`: the state folder of a host that uses this images folder. */
const NOTE = /^\.machines-[0-9a-f]{16}\.json$/;
const stateFolderNote = z.object({ stateDir: z.string() });

/** Writes down in an images folder that a host with this state folder uses it: image commands look for its machines. */
export function noteStateFolder(imagesDir: string, stateDir: string): void {
  const absolute = resolve(stateDir);
  const hash = createHash("sha256").update(absolute).digest("hex").slice(0, 16);
  const file = join(imagesDir, `.machines-${hash}.json`);
  const known = readRecord(file, stateFolderNote);
  if (known.kind !== "whole" || known.value.stateDir !== absolute)
    replaceJsonFile(file, { stateDir: absolute });
}

/**
 * What the machines of all hosts that use an images folder depend on. A state folder that a host wrote down and that
 * cannot be read counts as one of which any file is needed: it may be on a disk that is not mounted now.
 * @param stateDir another one; null: only those that were written down
 * @throws the system's error when `stateDir` is there and cannot be read
 */
export async function listUsedFilesOfHosts(imagesDir: string, stateDir: string | null): Promise<FilesInUse> {
  const machines = new Map<string, string[]>();
  const unreadable: string[] = [];
  const add = (found: FilesInUse): void => {
    for (const [file, names] of found.machines) machines.set(file, [...(machines.get(file) ?? []), ...names]);
    unreadable.push(...found.unreadable);
  };
  const noted = new Set<string>();
  for (const name of await listNames(imagesDir)) {
    if (!NOTE.test(name)) continue;
    const note = readRecord(join(imagesDir, name), stateFolderNote);
    if (note.kind === "whole") noted.add(note.value.stateDir);
    else unreadable.push(join(imagesDir, name));
  }
  for (const folder of noted)
    try {
      await access(folder);
      add(await listUsedFiles(folder));
    } catch {
      unreadable.push(folder);
    }
  if (stateDir !== null && !noted.has(resolve(stateDir))) add(await listUsedFiles(stateDir));
  return { machines, unreadable };
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** @throws the system's error when the folder is there and cannot be read */
export async function listUsedFiles(stateDir: string): Promise<FilesInUse> {
  const used = new Map<string, string[]>();
  const unreadable: string[] = [];
  for (const folder of await listFolders(stateDir)) {
    const spec = readRecord(join(stateDir, folder, "spec.json"), usedBoot);
    if (spec.kind === "whole") {
      const { name, boot, extraDisks, extraCd } = spec.value;
      const further = extraDisks.map(({ file }) => file);
      for (const file of [boot.file, boot.kernel, boot.initrd, ...further, extraCd])
        if (file !== undefined) used.set(file, [...(used.get(file) ?? []), name]);
    } else if (spec.kind === "damaged" || DISKS.some((disk) => isThere(join(stateDir, folder, disk)))) {
      unreadable.push(folder);
    }
  }
  return { machines: used, unreadable };
}

/** Names of the machines that a file is for; a record that cannot be read counts. */
export function listDependents(file: string, { machines, unreadable }: FilesInUse): readonly string[] {
  return [
    ...(machines.get(file) ?? []),
    ...unreadable.map((folder) => `${folder} (its record cannot be read)`),
  ];
}

async function listFolders(stateDir: string): Promise<string[]> {
  try {
    const entries = await readdir(stateDir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
