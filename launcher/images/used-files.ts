import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isMissing } from "../../protocol/index.ts";
import { isThere, readRecord } from "../system/json-file.ts";

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
  /** Folders of machines whose record cannot be read: they may depend on any file. */
  readonly unreadable: readonly string[];
}

export const NO_FILES_IN_USE: FilesInUse = { machines: new Map(), unreadable: [] };

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
    } else if (spec.kind === "damaged" || isThere(join(stateDir, folder, "overlay.qcow2"))) {
      unreadable.push(folder);
    }
  }
  return { machines: used, unreadable };
}

/** Names of the machines that a file is for; a record that cannot be read counts. */
export function listDependents(file: string, { machines, unreadable }: FilesInUse): readonly string[] {
  return [...(machines.get(file) ?? []), ...unreadable.map((folder) => `${folder} (its record is damaged)`)];
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
