import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { LaunchError, type Clock, type DiskFormat, type ImageEntry } from "../../protocol/index.ts";
import { contentVersion } from "./download/partial-file.ts";
import { download } from "./download/download.ts";
import type { WorkOptions } from "./import-image.ts";
import { inspectFile } from "./inspect-image.ts";
import type { ImageStore } from "./image-store.ts";
import type { UsedFiles } from "./used-files.ts";

/** `ID.fetched` describes the downloaded file. */
const fetched = z.object({ version: contentVersion, sha256: z.string(), file: z.string() });
type Fetched = z.infer<typeof fetched>;

export interface FetchImageOptions extends WorkOptions {
  readonly maxBytes: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Files that machines depend on: they stay when a newer one arrives. */
  readonly used: UsedFiles;
}

export interface FetchImageResult {
  readonly entry: ImageEntry;
  /** False: the file here is the newest already. */
  readonly changed: boolean;
  readonly sha256: string;
}

/**
 * Downloads an image's file from its entry's source, or a newer version. A newer file gets a name of its own: overlays
 * of machines depend on the old one.
 * @throws LaunchError `IMAGE_NO_SOURCE`, `IMAGE_UNSAFE`, and those of `download`
 */
export async function fetchImage(
  store: ImageStore,
  id: string,
  options: FetchImageOptions,
): Promise<FetchImageResult> {
  const entry = store.find(id);
  const { boot } = entry;
  const { url, sha256: expected = null } = entry.source ?? {};
  if (url === undefined || boot.kind === "kernel") {
    const text = `Nobody said where "${id}" can be fetched from. Give --url.`;
    throw LaunchError.public("IMAGE_NO_SOURCE", text);
  }
  const before = await readFetched(store, id, boot.file);
  if (before !== null && expected !== null && before.sha256 === expected)
    return { entry, changed: false, sha256: expected };
  const format: DiskFormat = boot.kind === "iso" ? "raw" : boot.format;
  const ending = boot.kind === "iso" ? "iso" : boot.format;
  const ours = dirname(boot.file) === store.folder;
  const result = await download({
    url,
    sha256: expected,
    maxBytes: options.maxBytes,
    environment: options.environment,
    clock: options.clock,
    signal: options.signal,
    onProgress: options.onProgress,
    part: join(ours ? store.folder : dirname(boot.file), `${id}.part`),
    place: (sum) => (ours ? join(store.folder, `${id}.${sum.slice(0, 12)}.${ending}`) : boot.file),
    known: before !== null && before.version.url === url ? before.version : null,
    check: (file) => checkSafe(file, format),
  });
  if (result === null) return { entry, changed: false, sha256: before?.sha256 ?? "" };
  const { version, sha256, file } = result;
  const changed = ours ? await store.put({ ...entry, boot: { ...boot, file } }) : entry;
  await writeFile(fetchedFile(store, id), JSON.stringify({ version, sha256, file }), { mode: 0o600 });
  if (ours && file !== boot.file && !options.used.has(boot.file)) await rm(boot.file, { force: true });
  return { entry: changed, changed: before?.sha256 !== sha256, sha256 };
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

/** Null: the file of the entry is not here, or is not what was fetched. */
async function readFetched(store: ImageStore, id: string, file: string): Promise<Fetched | null> {
  try {
    const record = fetched.parse(JSON.parse(await readFile(fetchedFile(store, id), "utf8")));
    return record.file === file && (await inspectFile(file, null)) === null ? record : null;
  } catch {
    return null;
  }
}
