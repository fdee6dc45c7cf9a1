import { randomBytes } from "node:crypto";
import { statSync, watch, type FSWatcher } from "node:fs";
import { chmod, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  errorCode,
  LaunchError,
  RequestError,
  type Clock,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { syncFile } from "../system/file-pieces.ts";
import { isThere } from "../system/json-file.ts";
import { followImageLinks } from "./follow-image-link.ts";
import { listReadFiles } from "./inspect-image.ts";
import { readCatalogue } from "./read-catalogue.ts";
import {
  entryFile,
  listImageFiles,
  makeImagesFolder,
  readOwnEntries,
  removeOwnEntry,
  addOwnEntry,
  writeOwnEntry,
  type OwnEntries,
} from "./own-entries.ts";
import { listPublicImages } from "./public-images.ts";
import type { UsedFiles } from "./used-files.ts";

/** Of a file's name, beside its image's id. */
export function randomVersion(): string {
  return randomBytes(6).toString("hex");
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function unkept(what: string, cause: unknown): LaunchError {
  const safeMessage = "The image could not be kept on the host. Its disk may be full.";
  return new LaunchError("IMAGE_UNKEPT", what, { cause, safeMessage });
}

/** Moves a finished file to its place, read-only. */
export async function keepFile(from: string, to: string): Promise<void> {
  await syncFile(from);
  await chmod(from, 0o400);
  await rename(from, to);
}

/** From the first file event to the reading: a command changes several files. */
const SETTLE_MS = 200;

export interface ImageStoreOptions {
  /** The images folder: `ID.json` and the file of each image. */
  readonly folder: string;
  /** The administrator's catalogue; null: the built-in images. */
  readonly catalogueFile: string | null;
}

/**
 * All images of a host, in this order: the catalogue or the built-in ones, those of the images folder, and well-known
 * ones that can be downloaded (not beside a catalogue). Several programs may share one folder: each reads it again
 * after a change.
 */
export class ImageStore {
  readonly folder: string;
  readonly #base: readonly ImageEntry[];
  readonly #public: readonly ImageEntry[];
  #own: OwnEntries = { entries: [], problems: [] };
  #readAt: number | undefined;
  readonly #closers: (() => void)[] = [];

  private constructor(folder: string, base: readonly ImageEntry[], others: readonly ImageEntry[]) {
    this.folder = folder;
    this.#base = base;
    this.#public = others;
  }

  /** @throws ConfigError `CATALOGUE_UNREADABLE`, `CATALOGUE_INVALID` */
  static async open({ folder, catalogueFile }: ImageStoreOptions): Promise<ImageStore> {
    await makeImagesFolder(folder);
    // An administrator's catalogue replaces the well-known images.
    const others = catalogueFile === null ? listPublicImages(folder) : [];
    return new ImageStore(folder, await readCatalogue(catalogueFile), others);
  }

  entries(): readonly ImageEntry[] {
    this.#refresh();
    const chosen = new Map<string, ImageEntry>();
    for (const entry of [...this.#base, ...this.#own.entries, ...this.#public])
      if (!chosen.has(entry.id)) chosen.set(entry.id, entry);
    // A machine keeps the file that it was made of when the link leads elsewhere later.
    return [...chosen.values()].map(followImageLinks);
  }

  /** Files of the folder that hold no entry, and why. */
  problems(): readonly string[] {
    this.#refresh();
    return this.#own.problems;
  }

  /** @throws RequestError `IMAGE_UNKNOWN` */
  find(id: string): ImageEntry {
    const found = this.entries().find((entry) => entry.id === id);
    if (found === undefined) throw RequestError.public("IMAGE_UNKNOWN", `There is no image "${id}" here.`);
    return found;
  }

  /** Whether an entry is of the images folder, and may be changed and removed. */
  isOwn(id: string): boolean {
    this.#refresh();
    return this.#own.entries.some((entry) => entry.id === id) && !this.#isBase(id);
  }

  /** Where an entry comes from, in one word. */
  originOf(id: string): "catalogue" | "folder" | "public" | "server" {
    if (this.#isBase(id)) return "catalogue";
    if (this.isOwn(id) && this.find(id).source?.server === true) return "server";
    return this.isOwn(id) ? "folder" : "public";
  }

  /** @throws RequestError `IMAGE_EXISTS` */
  checkFree(id: string): void {
    const taken = this.#isBase(id) || this.isOwn(id);
    if (taken) throw existsAlready(id);
    // Its entry cannot be read, so it is not in the list: machines may depend on its files all the same.
    if (isThere(entryFile(this.folder, id)))
      throw RequestError.public(
        "IMAGE_EXISTS",
        `An image "${id}" exists, and its entry cannot be read. Choose another name, or mend ${id}.json.`,
      );
  }

  /** The path of an image's file, by its kind. */
  fileFor(id: string, kind: DiskFormat | "iso"): string {
    return join(this.folder, `${id}.${kind}`);
  }

  /** The path of another file of an image. @param version 12 hexadecimal digits */
  fileForVersion(id: string, version: string, kind: DiskFormat | "iso" = "qcow2"): string {
    return join(this.folder, `${id}.${version}.${kind}`);
  }

  /** Writes an entry of the folder, new or changed. @throws RequestError `IMAGE_EXISTS` (the catalogue's) */
  async put(entry: ImageEntry): Promise<ImageEntry> {
    this.#checkNotBase(entry.id);
    await writeOwnEntry(this.folder, entry);
    this.#readAt = undefined;
    return entry;
  }

  /** Writes a new entry of the folder: none that another program has made meanwhile is lost. @throws RequestError `IMAGE_EXISTS` */
  async add(entry: ImageEntry): Promise<ImageEntry> {
    this.#checkNotBase(entry.id);
    if (!(await addOwnEntry(this.folder, entry))) throw existsAlready(entry.id);
    this.#readAt = undefined;
    return entry;
  }

  /**
   * Moves a finished file into the folder, read-only, and adds its entry.
   * @param describe makes the entry, given the file's new path
   * @throws RequestError `IMAGE_EXISTS`; LaunchError `IMAGE_UNKEPT`
   */
  async registerImage(
    id: string,
    file: string,
    describe: (file: string) => ImageEntry,
    kind: DiskFormat | "iso" = "qcow2",
  ): Promise<ImageEntry> {
    this.checkFree(id);
    const target = await this.#reserveFile(id, kind);
    try {
      const entry = describe(target);
      await keepFile(file, target);
      return await this.add(entry);
    } catch (cause) {
      await rm(target, { force: true });
      throw isSystemError(cause) ? unkept(`the image could not be moved to ${target}`, cause) : cause;
    }
  }

  /** An empty file that the image's own replaces: one that is there already may be a machine's, and keeps its name. */
  async #reserveFile(id: string, kind: DiskFormat | "iso"): Promise<string> {
    for (const file of [this.fileFor(id, kind), this.fileForVersion(id, randomVersion(), kind)])
      try {
        await (await open(file, "wx", 0o400)).close();
        return file;
      } catch (cause) {
        if (errorCode(cause) === "EEXIST") continue;
        throw unkept(`${file} could not be made`, cause);
      }
    throw RequestError.public("IMAGE_EXISTS", `Files of an image "${id}" exist. Choose another name.`);
  }

  /**
   * Replaces the file of an image with one disk, under a new name. The old file stays as long as machines are based on
   * it: their disks fit no other.
   */
  async replaceFile(id: string, file: string, used: () => Promise<UsedFiles>): Promise<void> {
    const entry = this.find(id);
    if (entry.boot.kind !== "disk") return;
    const target = this.fileForVersion(id, randomVersion(), entry.boot.format);
    await keepFile(file, target);
    await this.put({ ...entry, boot: { ...entry.boot, file: target } });
    await this.removeFormerFile(id, entry.boot.file, used);
  }

  /**
   * Deletes the file that an image had before, if it is the image's own and no machine depends on it. Machines are looked
   * for when the new entry is written: from then on none is made of the old file.
   */
  async removeFormerFile(id: string, file: string, used: () => Promise<UsedFiles>): Promise<void> {
    if (!(await this.listFiles(id)).includes(file) || listReadFiles(this.find(id)).includes(file)) return;
    if ((await used()).has(file)) return;
    await rm(file, { force: true });
  }

  /** An image's files in the folder, whether its entry names them or not; none that another image reads. */
  async listFiles(id: string): Promise<string[]> {
    const others = new Set(this.entries().flatMap((entry) => (entry.id === id ? [] : listReadFiles(entry))));
    const names = await listImageFiles(this.folder, id);
    return names.map((name) => join(this.folder, name)).filter((file) => !others.has(file));
  }

  /**
   * Removes an entry, and all of its files in the folder.
   * @throws RequestError `IMAGE_UNKNOWN`, `IMAGE_FIXED`
   */
  async remove(id: string): Promise<void> {
    this.find(id);
    if (this.#isBase(id))
      throw RequestError.public(
        "IMAGE_FIXED",
        `"${id}" is of the catalogue file or built in. Take it out of the catalogue file instead.`,
      );
    const files = await this.listFiles(id);
    await this.forget(id);
    for (const file of files) await rm(file, { force: true });
  }

  /** Removes an entry of the folder but not its files: machines may depend on them. */
  async forget(id: string): Promise<void> {
    await removeOwnEntry(this.folder, id);
    this.#readAt = undefined;
  }

  /** Reports when entries were added, changed or removed, whichever program did it. */
  watch(clock: Clock, onChange: () => void): void {
    let known = JSON.stringify(this.entries());
    let settling = (): void => undefined;
    const check = (): void => {
      const now = JSON.stringify(this.entries());
      if (now === known) return;
      known = now;
      onChange();
    };
    const watcher: FSWatcher = watch(this.folder, { persistent: false }, () => {
      settling();
      settling = clock.after(SETTLE_MS, check);
    });
    // A folder that can no longer be watched is still read at each request.
    watcher.on("error", () => undefined);
    this.#closers.push(() => {
      settling();
      watcher.close();
    });
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  #checkNotBase(id: string): void {
    if (this.#isBase(id))
      throw RequestError.public("IMAGE_EXISTS", `The catalogue has an image "${id}". Choose another name.`);
  }

  #isBase(id: string): boolean {
    return this.#base.some((entry) => entry.id === id);
  }

  #refresh(): void {
    const changedAt = statSync(this.folder, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt !== undefined && changedAt === this.#readAt) return;
    this.#own = readOwnEntries(this.folder);
    this.#readAt = changedAt;
  }
}

function existsAlready(id: string): RequestError {
  return RequestError.public("IMAGE_EXISTS", `An image "${id}" exists. Choose another name.`);
}
