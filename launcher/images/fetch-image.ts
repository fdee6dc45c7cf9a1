import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import {
  LaunchError,
  RequestError,
  type BootSource,
  type Clock,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { contentVersion } from "./download/partial-file.ts";
import { download } from "./download/download.ts";
import { isIsoImage } from "./formats/iso-image.ts";
import { checkImageFile, type WorkOptions } from "./import-image.ts";
import { inspectFile, listReadFiles } from "./inspect-image.ts";
import type { ImageStore } from "./image-store.ts";
import type { UsedFiles } from "./used-files.ts";

/** `ID.fetched` describes the downloaded file. */
const fetched = z.object({ version: contentVersion, sha256: z.string(), file: z.string() });
type Fetched = z.infer<typeof fetched>;

export interface FetchImageOptions extends WorkOptions {
  readonly maxBytes: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Files that machines depend on, asked for when a newer one is here: they stay. */
  readonly used: () => Promise<UsedFiles>;
}

export interface FetchImageResult {
  readonly entry: ImageEntry;
  /** False: the file here is the newest already. */
  readonly changed: boolean;
  readonly sha256: string;
}

/** An image that is not in the list yet. */
export interface NewImageSource {
  readonly id: string;
  readonly url: string;
  /** What the file has to be; null: whatever comes. */
  readonly sha256: string | null;
  /** Null: by the content. */
  readonly format: DiskFormat | "iso" | null;
  /** Makes the entry of the file that came. */
  readonly describe: (boot: Exclude<BootSource, { kind: "kernel" }>) => Promise<ImageEntry>;
}

/**
 * Downloads a new image. Nothing of it is in the list before its file is complete and checked.
 * @throws RequestError `IMAGE_EXISTS`; LaunchError `IMAGE_UNSAFE`, `IMAGE_FORMAT`, and those of `download`
 */
export async function fetchNewImage(
  store: ImageStore,
  source: NewImageSource,
  options: FetchImageOptions,
): Promise<FetchImageResult> {
  const { id, url, sha256: expected } = source;
  store.checkFree(id);
  let kind = source.format ?? "qcow2";
  const result = await download({
    ...commonOptions(options),
    ...{ url, sha256: expected, known: null },
    part: join(store.folder, `${id}.part`),
    place: (sum) => store.fileForVersion(id, sum.slice(0, 12), kind),
    check: async (file) => {
      kind = await checkNewFile(file, source.format);
    },
  });
  if (result === null) throw new Error("a server has nothing newer than nothing");
  const { version, sha256, file } = result;
  let isAdded = false;
  try {
    const boot = kind === "iso" ? ({ kind, file } as const) : ({ kind: "disk", format: kind, file } as const);
    const entry = await store.add(await source.describe(boot));
    isAdded = true;
    await writeFetched(store, id, { version, sha256, file });
    return { entry, changed: true, sha256 };
  } catch (error) {
    if (isAdded) await store.forget(id).catch(() => undefined);
    await removeUnread(store, file);
    throw error;
  }
}

/** @throws LaunchError `IMAGE_UNSAFE`, `IMAGE_FORMAT` */
async function checkNewFile(file: string, format: NewImageSource["format"]): Promise<DiskFormat | "iso"> {
  if (format !== null) {
    await checkSafe(file, format === "iso" ? "raw" : format);
    return format;
  }
  if (await isIsoImage(file)) return "iso";
  const found = await checkImageFile(file, null);
  if (found !== "ova") return found;
  throw LaunchError.public(
    "IMAGE_FORMAT",
    "The file is an OVA archive. Fetch it by other means, and import it.",
  );
}

/**
 * Downloads an image's file from its entry's source, or a newer version. A newer file gets a name of its own: overlays
 * of machines depend on the old one. The entry is stored when that is done.
 * @param entry one of the list, perhaps with another source
 * @throws RequestError `IMAGE_IN_USE`; LaunchError `IMAGE_NO_SOURCE`, `IMAGE_UNSAFE`, and those of `download`
 */
export async function fetchImage(
  store: ImageStore,
  entry: ImageEntry,
  options: FetchImageOptions,
): Promise<FetchImageResult> {
  const { id, boot } = entry;
  const { url, sha256: expected = null } = entry.source ?? {};
  if (url === undefined || boot.kind === "kernel") {
    const text = `Nobody said where "${id}" can be fetched from. Give --url.`;
    throw LaunchError.public("IMAGE_NO_SOURCE", text);
  }
  const ours = dirname(boot.file) === store.folder;
  const before = await readFetched(store, entry);
  if (before !== null && expected !== null && before.sha256 === expected)
    return { entry: await keepEntry(store, entry), changed: false, sha256: expected };
  const checkReplaceable = async (): Promise<void> => {
    // The catalogue says the file's name, so a newer one would take the place of the old one.
    if (ours || (await inspectFile(boot.file, null)) !== null || !(await options.used()).has(boot.file))
      return;
    throw RequestError.public(
      "IMAGE_IN_USE",
      `Machines are built on "${id}", whose file cannot have another name. It stays as it is.`,
    );
  };
  await checkReplaceable();
  const format: DiskFormat = boot.kind === "iso" ? "raw" : boot.format;
  const ending = boot.kind === "iso" ? "iso" : boot.format;
  const result = await download({
    ...commonOptions(options),
    ...{ url, sha256: expected },
    part: join(ours ? store.folder : dirname(boot.file), `${id}.part`),
    place: (sum) => (ours ? store.fileForVersion(id, sum.slice(0, 12), ending) : boot.file),
    known: before !== null && before.version.url === url ? before.version : null,
    check: async (file) => {
      await checkSafe(file, format);
      // A machine may have been made while the file came.
      await checkReplaceable();
    },
  });
  if (result === null)
    return { entry: await keepEntry(store, entry), changed: false, sha256: before?.sha256 ?? "" };
  const { version, sha256, file } = result;
  // What else of it was changed while the file came stays, and what was removed stays removed.
  const changed = ours ? await replaceBoot(store, entry, { ...boot, file }) : entry;
  await writeFetched(store, id, { version, sha256, file });
  if (ours && file !== boot.file) await store.removeFormerFile(id, boot.file, options.used);
  return { entry: changed, changed: before?.sha256 !== sha256, sha256 };
}

/** @throws RequestError `IMAGE_UNKNOWN` */
async function replaceBoot(
  store: ImageStore,
  { id, source }: ImageEntry,
  boot: Exclude<BootSource, { kind: "kernel" }>,
): Promise<ImageEntry> {
  try {
    return await store.put({ ...store.find(id), source, boot });
  } catch (error) {
    await removeUnread(store, boot.file);
    throw error;
  }
}

/** Another program may have made an image of the same file meanwhile. */
async function removeUnread(store: ImageStore, file: string): Promise<void> {
  if (!store.entries().flatMap(listReadFiles).includes(file)) await rm(file, { force: true });
}

/** Stores an entry whose source has changed. */
async function keepEntry(store: ImageStore, entry: ImageEntry): Promise<ImageEntry> {
  return isDeepStrictEqual(store.find(entry.id), entry) ? entry : store.put(entry);
}

function commonOptions({ maxBytes, environment, clock, signal, onProgress }: FetchImageOptions) {
  return { maxBytes, environment, clock, signal, onProgress };
}

/** Whether the file of an entry was downloaded, and is here. */
export async function wasFetched(store: ImageStore, entry: ImageEntry): Promise<boolean> {
  return (await readFetched(store, entry)) !== null;
}

async function checkSafe(file: string, format: DiskFormat): Promise<void> {
  const fault = await inspectFile(file, format);
  if (fault === null) return;
  const text = `What was fetched cannot be used: ${fault.kind === "unsafe" ? fault.why : "it is gone"}.`;
  throw LaunchError.public("IMAGE_UNSAFE", text);
}

function fetchedFile(store: ImageStore, id: string): string {
  return join(store.folder, `${id}.fetched`);
}

async function writeFetched(store: ImageStore, id: string, record: Fetched): Promise<void> {
  await writeFile(fetchedFile(store, id), JSON.stringify(record), { mode: 0o600 });
}

/** Null: the file of the entry is not here, or is not what was fetched. */
async function readFetched(store: ImageStore, { id, boot }: ImageEntry): Promise<Fetched | null> {
  if (boot.kind === "kernel") return null;
  try {
    const record = fetched.parse(JSON.parse(await readFile(fetchedFile(store, id), "utf8")));
    return record.file === boot.file && (await inspectFile(boot.file, null)) === null ? record : null;
  } catch {
    return null;
  }
}
