import { randomBytes } from "node:crypto";
import { statSync, watch, type FSWatcher } from "node:fs";
import { chmod, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  LaunchError,
  RequestError,
  type Clock,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { syncFile } from "../system/file-pieces.ts";
import { followImageLinks } from "./follow-image-link.ts";
import { readCatalogue } from "./read-catalogue.ts";
import {
  listImageFiles,
  makeImagesFolder,
  readOwnEntries,
  removeOwnEntry,
  writeOwnEntry,
  type OwnEntries,
} from "./own-entries.ts";
import { listPublicImages } from "./public-images.ts";
import type { UsedFiles } from "./used-files.ts";

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
    if (taken) throw RequestError.public("IMAGE_EXISTS", `An image "${id}" exists. Choose another name.`);
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
    if (this.#isBase(entry.id))
      throw RequestError.public(
        "IMAGE_EXISTS",
        `The catalogue has an image "${entry.id}". Choose another name.`,
      );
    await writeOwnEntry(this.folder, entry);
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
    const target = this.fileFor(id, kind);
    const entry = describe(target);
    try {
      await syncFile(file);
      await chmod(file, 0o400);
      await rename(file, target);
    } catch (cause) {
      throw new LaunchError("IMAGE_UNKEPT", `the image could not be moved to ${target}`, {
        cause,
        safeMessage: "The image could not be kept on the host. Its disk may be full.",
      });
    }
    return this.put(entry);
  }

  /**
   * Replaces the file of an image with one disk. The old file stays as long as machines are based on it: their disks
   * fit no other.
   */
  async replaceFile(id: string, file: string, used: UsedFiles): Promise<void> {
    const entry = this.find(id);
    if (entry.boot.kind !== "disk") return;
    await syncFile(file);
    await chmod(file, 0o400);
    if (!used.has(entry.boot.file)) {
      await rename(file, entry.boot.file);
      return;
    }
    const target = this.fileForVersion(id, randomBytes(6).toString("hex"), entry.boot.format);
    await rename(file, target);
    await this.put({ ...entry, boot: { ...entry.boot, file: target } });
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
    await this.forget(id);
    for (const name of await listImageFiles(this.folder, id))
      await rm(join(this.folder, name), { force: true });
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
