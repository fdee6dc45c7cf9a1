import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import {
  describeError,
  imageCatalogue,
  imageEntry,
  sentImage,
  type ImageEntry,
  type SentImage,
} from "../../protocol/index.ts";

const CATALOGUE = "catalogue.json";
/** Beside an incomplete download. */
const PART = ".part.json";

/** A file as it was when it was read: another version has other numbers. */
export interface FileVersion {
  readonly file: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface FolderImage {
  readonly image: SentImage;
  /** Null: it cannot be sent to hosts, because of `problem`. */
  readonly version: FileVersion | null;
  readonly problem: string | null;
}

export interface ImageFolder {
  readonly images: readonly FolderImage[];
  /** Files that hold no entry, and why. */
  readonly problems: readonly string[];
}

/** Reads a server's images: `ID.json` each, as `postern image` writes them, and a `catalogue.json` with several. */
export async function readImageFolder(folder: string): Promise<ImageFolder> {
  const entries = new Map<string, ImageEntry>();
  const problems: string[] = [];
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json") && !name.endsWith(PART));
  for (const name of names.filter((one) => !one.startsWith(".")).sort()) {
    try {
      for (const entry of parse(name, await readFile(join(folder, name), "utf8")))
        if (!entries.has(entry.id)) entries.set(entry.id, entry);
    } catch (error) {
      problems.push(`${name}: ${describeError(error)}`);
    }
  }
  const images = await Promise.all([...entries.values()].map((entry) => inspectEntry(folder, entry)));
  return { images: images.filter((image) => image !== null), problems };
}

function parse(name: string, text: string): ImageEntry[] {
  const json: unknown = JSON.parse(text);
  if (name === CATALOGUE) return imageCatalogue.parse(json).images;
  const entry = imageEntry.parse(json);
  if (`${entry.id}.json` !== name) throw new Error(`its id is "${entry.id}"`);
  return [entry];
}

/** Null: hosts cannot get such an image from a server. */
async function inspectEntry(folder: string, entry: ImageEntry): Promise<FolderImage | null> {
  const { boot, shares, scripts, extraDisks, extraCd, qemuArgs = [] } = entry;
  if (boot.kind === "kernel") return null;
  const image = sentImage.parse(entry);
  const unusable = (problem: string): FolderImage => ({ image, version: null, problem });
  // These name files of a host.
  if (shares.length > 0 || scripts.length > 0)
    return unusable("The server gives out no image that has shares or scripts.");
  if (extraDisks !== undefined || extraCd !== undefined || qemuArgs.length > 0)
    return unusable(
      "The server gives out no image that has further disks, a second CD or arguments for QEMU.",
    );
  try {
    const file = await realpath(boot.file);
    if (!file.startsWith((await realpath(folder)) + sep))
      return unusable("The image's file does not lie in the server's images folder.");
    const { size, mtimeMs } = await stat(file);
    if (size === 0) return unusable("The image's file on the server is empty.");
    return { image, version: { file, bytes: size, modifiedMs: mtimeMs }, problem: null };
  } catch {
    return unusable("The image's file is missing on the server.");
  }
}
