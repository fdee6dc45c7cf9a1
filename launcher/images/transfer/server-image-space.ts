import { statfsSync, statSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ImageEntry } from "../../../protocol/index.ts";
import { listBootFiles, listReadFiles } from "../inspect-image.ts";
import type { ImageStore } from "../image-store.ts";
import type { UsedFiles } from "../used-files.ts";

/** `ID.SHA12.ENDING`: files that came from the server, or from a publisher. */
const VERSIONED = /^(.+)\.[0-9a-f]{12}\.(qcow2|iso|raw|vdi|vmdk|vpc|vhdx|qed|part)$/;
const WEEK_MS = 604_800_000;

/** Free bytes on a folder's file system. */
export function measureFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

interface KeptServerImage {
  readonly entry: ImageEntry;
  readonly file: string;
  readonly bytes: number;
  readonly arrivedAt: number;
  /** A machine depends on it. */
  readonly used: boolean;
}

/** The images of a host that came from its server. */
export function listServerImages(store: ImageStore, used: UsedFiles): KeptServerImage[] {
  return store.entries().flatMap((entry) => {
    if (entry.source?.server !== true) return [];
    const [file = ""] = listBootFiles(entry.boot);
    const found = statSync(file, { throwIfNoEntry: false });
    const [bytes, arrivedAt] = found === undefined ? [0, 0] : [found.size, found.ctimeMs];
    return [{ entry, file, bytes, arrivedAt, used: used.has(file) }];
  });
}

/** The images to delete so that this many bytes become free, the oldest first; null: all of them are not enough. */
export function chooseEvictions(kept: readonly KeptServerImage[], bytes: number): KeptServerImage[] | null {
  const leaving: KeptServerImage[] = [];
  let missing = bytes;
  for (const one of kept.filter(({ used }) => !used).sort((a, b) => a.arrivedAt - b.arrivedAt)) {
    if (missing <= 0) break;
    leaving.push(one);
    missing -= one.bytes;
  }
  return missing <= 0 ? leaving : null;
}

/**
 * Deletes versions that no entry refers to and no machine depends on, and partial files that were not resumed for a
 * week. Files downloaded from a publisher are left alone.
 */
export async function deleteUnusedVersions(store: ImageStore, used: UsedFiles, now: number): Promise<void> {
  const entries = store.entries();
  const listed = new Set(entries.flatMap(listReadFiles));
  const fromServer = new Set(entries.filter(({ source }) => source?.server === true).map(({ id }) => id));
  for (const name of await readdir(store.folder)) {
    const [, id, ending] = VERSIONED.exec(name) ?? [];
    const file = join(store.folder, name);
    if (id === undefined || listed.has(file) || used.has(file)) continue;
    // Without an entry the origin is unknown; a partial file is always from the server.
    if (ending !== "part" && !fromServer.has(id)) continue;
    if (ending === "part" && now - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now) < WEEK_MS)
      continue;
    await rm(file, { force: true });
  }
}
