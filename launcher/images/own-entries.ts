import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fsyncFolder } from "../system/json-file.ts";
import { describeError, errorCode, imageEntry, type ImageEntry } from "../../protocol/index.ts";

const SUFFIX = ".json";

export interface OwnEntries {
  readonly entries: readonly ImageEntry[];
  /** Files without a valid entry, and why: they do not prevent the others from being offered. */
  readonly problems: readonly string[];
}

/** The entries of an images folder: `ID.json` each. A folder that is not there has none. */
export function readOwnEntries(folder: string): OwnEntries {
  const entries: ImageEntry[] = [];
  const problems: string[] = [];
  for (const name of listNames(folder)) {
    if (!name.endsWith(SUFFIX) || name.startsWith(".")) continue;
    try {
      const entry = imageEntry.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
      if (entry.id + SUFFIX === name) entries.push(entry);
      else problems.push(`${name}: its id is "${entry.id}"`);
    } catch (error) {
      problems.push(`${name}: ${describeError(error)}`);
    }
  }
  return { entries, problems };
}

export function entryFile(folder: string, id: string): string {
  return join(folder, `${id}${SUFFIX}`);
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Writes an entry atomically and durably, over the one that is there. */
export async function writeOwnEntry(folder: string, entry: ImageEntry): Promise<void> {
  await rename(await writeFreshEntry(folder, entry), entryFile(folder, entry.id));
  fsyncFolder(folder);
}

/** The same for a new one. @returns false: there is one, which stays */
export async function addOwnEntry(folder: string, entry: ImageEntry): Promise<boolean> {
  const fresh = await writeFreshEntry(folder, entry);
  try {
    await link(fresh, entryFile(folder, entry.id));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  fsyncFolder(folder);
  return true;
}

/** Several programs may write the same entry: each has a file of its own. */
async function writeFreshEntry(folder: string, entry: ImageEntry): Promise<string> {
  await makeImagesFolder(folder);
  const fresh = join(folder, `.${entry.id}${SUFFIX}.${randomBytes(4).toString("hex")}.new`);
  const handle = await open(fresh, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(imageEntry.parse(entry), null, 2)}\n`);
    await handle.sync();
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return fresh;
}

export async function removeOwnEntry(folder: string, id: string): Promise<void> {
  await rm(entryFile(folder, id), { force: true });
}

/**
 * For the launcher's account only: images may contain secrets. An access right that was granted to QEMU's account to
 * pass through is kept.
 */
export async function makeImagesFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { mode } = await stat(folder);
  await chmod(folder, 0o700 | (mode & 0o010));
}

/** Names of an image's files in the folder: `ID.qcow2`, `ID.0123456789ab.iso`, what was fetched for it, its checksum. */
export async function listImageFiles(folder: string, id: string): Promise<string[]> {
  const rest = /^(\.[0-9a-f]{12})?\.(qcow2|iso|raw|vdi|vmdk|vpc|vhdx|qed|part|part\.json|fetched|sum)$/;
  return (await readdir(folder)).filter((name) => name.startsWith(id) && rest.test(name.slice(id.length)));
}
