import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

export const AUDIT_FOLDER = "audit";
export const CURRENT_FILE = "audit.jsonl";
const ROTATED = /^audit-\d{12}\.jsonl$/;

export function auditFolder(dataDir: string): string {
  return join(dataDir, AUDIT_FOLDER);
}

/** A file that is full is named after the sequence number of its first line. */
export function nameRotated(firstSequence: number): string {
  return `audit-${String(firstSequence).padStart(12, "0")}.jsonl`;
}

/** The paths of a log's files, the oldest first. */
export async function listAuditFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const rotated = names.filter((name) => ROTATED.test(name)).sort();
  const all = names.includes(CURRENT_FILE) ? [...rotated, CURRENT_FILE] : rotated;
  return all.map((name) => join(folder, name));
}

/** Makes new and renamed entries of a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
