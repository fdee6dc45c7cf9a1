import { chmod, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  KeyedQueue,
  LaunchError,
  RequestError,
  type Architecture,
  type Clock,
  type ImageCopy,
  type ImageVersion,
  type SentImage,
  imageEntry,
  type DiskFormat,
  type ImageEntry,
} from "../../../protocol/index.ts";
import { BackgroundChecksums } from "../../system/background-checksums.ts";
import { syncFile, writePiece } from "../../system/file-pieces.ts";
import { inspectFile, inspectImage, listBootFiles } from "../inspect-image.ts";
import { listImageFiles } from "../own-entries.ts";
import type { ImageStore } from "../image-store.ts";
import { chooseEvictions, deleteUnusedVersions, listServerImages } from "./server-image-space.ts";
import type { UsedFiles } from "../used-files.ts";

/** Kept free on the host besides the size of an arriving image. */
const RESERVED_BYTES = 1_073_741_824;

interface IncomingImagesContext {
  readonly store: ImageStore;
  /** Limit for images from the server, in bytes; 0: this host takes none. */
  readonly maxBytes: number;
  /** Files that machines depend on. */
  readonly used: () => UsedFiles;
  /** Bytes free on the file system of the images. */
  readonly freeBytes: () => number;
  /** Why a guest of this kind cannot run here; null: it can. */
  readonly findMissingEmulator: (arch: Architecture) => string | null;
  readonly clock: Clock;
}

interface IncomingImage {
  readonly image: SentImage;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * This host's side of image transfers from its server. A partial file is named by its checksum until it is complete and
 * checked, so an interrupted transfer resumes, and an incomplete or wrong image is never offered.
 */
export class IncomingImages {
  readonly #context: IncomingImagesContext;
  readonly #checksums = new BackgroundChecksums();
  readonly #arriving = new Map<string, IncomingImage>();
  /** Pieces are written serially, in the order of their requests. */
  readonly #queue = new KeyedQueue();

  constructor(context: IncomingImagesContext) {
    this.#context = context;
  }

  /** Space left here for images from the server, in bytes; null: this host takes none. */
  freeBytes(): number | null {
    const { store, maxBytes, used, freeBytes } = this.#context;
    if (maxBytes === 0) return null;
    const kept = listServerImages(store, used());
    const sum = (some: typeof kept): number => some.reduce((all, { bytes }) => all + bytes, 0);
    const idle = sum(kept.filter((one) => !one.used));
    return Math.max(0, Math.min(maxBytes - (sum(kept) - idle), freeBytes() + idle - RESERVED_BYTES));
  }

  /** @throws RequestError `IMAGE_EXISTS`; LaunchError `HOST_IMAGES_OFF`, `HOST_IMAGES_FULL`, `HOST_DISK` */
  async start(incoming: IncomingImage): Promise<ImageCopy> {
    const { id } = incoming.image;
    const isWhole = (await countBytes(this.#partOf(incoming))) === incoming.bytes;
    // Outside the queue: the running checksum's completion waits for the queue itself.
    if (!isWhole || this.#arriving.get(id)?.sha256 !== incoming.sha256) await this.#checksums.stop(id);
    return this.#runSerially(async () => {
      const { store, maxBytes, findMissingEmulator } = this.#context;
      const { image, sha256, bytes } = incoming;
      const origin = store.entries().some(({ id }) => id === image.id) ? store.originOf(image.id) : null;
      if (origin === "catalogue" || origin === "folder")
        throw RequestError.public("IMAGE_EXISTS", `This host has an image "${image.id}" of its own.`);
      if (origin !== "server") store.checkFree(image.id);
      const here = await this.#findHere(incoming);
      if (here !== null) {
        await this.#saveEntry(image, sha256, here);
        return { state: "here", bytes };
      }
      if (maxBytes === 0)
        throw LaunchError.public("HOST_IMAGES_OFF", "This host takes no images from the server.");
      const missing = findMissingEmulator(image.arch);
      if (missing !== null) throw LaunchError.public("IMAGE_UNAVAILABLE", missing);
      const part = this.#partOf(incoming);
      if ((await countBytes(part)) > bytes) await rm(part, { force: true });
      await this.#dropOtherParts(incoming);
      await this.#makeSpace(image.id, bytes, await countBytes(part));
      this.#arriving.set(image.id, incoming);
      return { state: "arriving", bytes: await countBytes(part) };
    });
  }

  /** @returns the size of the partial file now. @throws RequestError `IMAGE_JOURNEY` */
  write(version: ImageVersion, offset: number, data: Buffer): Promise<number> {
    return this.#runSerially(() => {
      const incoming = this.#find(version);
      if (offset + data.length > incoming.bytes) throw outOfStep();
      return writePiece(this.#partOf(incoming), offset, data);
    });
  }

  /** @throws RequestError `IMAGE_JOURNEY`; LaunchError `IMAGE_DAMAGED`, `IMAGE_UNSAFE` */
  check(version: ImageVersion): Promise<ImageCopy> {
    return this.#runSerially(async () => {
      const { store } = this.#context;
      const entry = store.entries().find(({ id }) => id === version.id);
      if (entry?.source?.server === true && entry.source.sha256 === version.sha256) {
        const bytes = await countBytes(listBootFiles(entry.boot)[0] ?? "");
        if (bytes > 0) return { state: "here", bytes };
      }
      const incoming = this.#find(version);
      const part = this.#partOf(incoming);
      // The failure of the last check is thrown first: it has deleted the partial file.
      this.#checksums.begin(version.id, part, (sha256) => this.#complete(incoming, part, sha256));
      return { state: "arriving", bytes: incoming.bytes };
    });
  }

  /** Deletes files that neither an image nor a machine needs. A failure is retried at the next call. */
  async purge(): Promise<void> {
    const { store, used, clock } = this.#context;
    await this.#runSerially(() => deleteUnusedVersions(store, used(), clock.now())).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#checksums.close();
    await this.#queue.idle();
  }

  /** The complete file: one name for one version. */
  #fileFor({ image, sha256 }: IncomingImage): string {
    const ending = image.boot.kind === "iso" ? "iso" : image.boot.format;
    return join(this.#context.store.folder, `${image.id}.${sha256.slice(0, 12)}.${ending}`);
  }

  #partOf({ image, sha256 }: IncomingImage): string {
    return join(this.#context.store.folder, `${image.id}.${sha256.slice(0, 12)}.part`);
  }

  /** Null: it is not here, or cannot be used. */
  async #findHere(incoming: IncomingImage): Promise<string | null> {
    const { image, sha256, bytes } = incoming;
    const entry = this.#context.store.entries().find(({ id }) => id === image.id);
    if (entry?.source?.server !== true || entry.source.sha256 !== sha256) return null;
    const file = this.#fileFor(incoming);
    if ((await countBytes(file)) !== bytes || (await inspectImage(entry)) !== null) return null;
    return listBootFiles(entry.boot)[0] === file ? file : null;
  }

  async #complete(incoming: IncomingImage, part: string, sha256: string): Promise<void> {
    if (sha256 !== incoming.sha256 || (await countBytes(part)) !== incoming.bytes) {
      await rm(part, { force: true });
      throw LaunchError.public("IMAGE_DAMAGED", `The image "${incoming.image.id}" was damaged on its way.`);
    }
    const fault = await inspectFile(part, imageFileFormat(incoming.image));
    if (fault !== null) {
      await rm(part, { force: true });
      const why = fault.kind === "unsafe" ? fault.why : "it is gone";
      throw LaunchError.public(
        "IMAGE_UNSAFE",
        `The server's image "${incoming.image.id}" cannot be used: ${why}.`,
      );
    }
    await syncFile(part);
    await chmod(part, 0o400);
    // In the queue: `purge` would delete a file that has no entry yet.
    await this.#runSerially(async () => {
      const file = this.#fileFor(incoming);
      await rename(part, file);
      await this.#saveEntry(incoming.image, sha256, file);
      this.#arriving.delete(incoming.image.id);
    });
    await this.purge();
  }

  async #saveEntry(image: SentImage, sha256: string, file: string): Promise<void> {
    const entry = makeServerImageEntry(image, sha256, file);
    const { store } = this.#context;
    const known = store.entries().find(({ id }) => id === image.id);
    if (JSON.stringify(known) !== JSON.stringify(entry)) await store.put(entry);
  }

  /** @param received what has arrived of it already */
  async #makeSpace(id: string, bytes: number, received: number): Promise<void> {
    const { store, maxBytes, used, freeBytes } = this.#context;
    const kept = listServerImages(store, used());
    const others = [...this.#arriving.values()].filter(({ image }) => image.id !== id);
    let owed = 0;
    for (const other of others) owed += other.bytes - (await countBytes(this.#partOf(other)));
    const promised = [...kept, ...others].reduce((sum, one) => sum + one.bytes, bytes);
    const byLimit = chooseEvictions(kept, promised - maxBytes);
    if (byLimit === null) {
      const text = `images: ${inGb(bytes)} GB asked for, of ${inGb(maxBytes)} GB for images from the server too much is in use. Its administrator can give more with --server-images-gb.`;
      throw LaunchError.public("HOST_IMAGES_FULL", text);
    }
    const byDisk = chooseEvictions(kept, bytes - received + owed + RESERVED_BYTES - freeBytes());
    if (byDisk === null)
      throw LaunchError.public("HOST_DISK", "disk: not enough room for the image. Delete a machine first.");
    for (const { entry, file } of byLimit.length > byDisk.length ? byLimit : byDisk) {
      await store.forget(entry.id);
      await rm(file, { force: true });
    }
  }

  /** Partial files of other versions are of no use any more. */
  async #dropOtherParts(incoming: IncomingImage): Promise<void> {
    const { folder } = this.#context.store;
    for (const name of await listImageFiles(folder, incoming.image.id))
      if (name.endsWith(".part") && join(folder, name) !== this.#partOf(incoming))
        await rm(join(folder, name), { force: true });
  }

  #find({ id, sha256 }: ImageVersion): IncomingImage {
    const incoming = this.#arriving.get(id);
    if (incoming?.sha256 !== sha256) throw outOfStep();
    return incoming;
  }

  #runSerially<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run("images", task);
  }
}

async function countBytes(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}

function inGb(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

function outOfStep(): RequestError {
  return RequestError.public("IMAGE_JOURNEY", "The image is not at that point of its journey on this host.");
}

/** The format as which an image's file is opened. */
function imageFileFormat({ boot }: SentImage): DiskFormat {
  return boot.kind === "iso" ? "raw" : boot.format;
}

/** The entry of an image that came from the server, with its file's path here. */
function makeServerImageEntry(image: SentImage, sha256: string, file: string): ImageEntry {
  return imageEntry.parse({
    ...image,
    boot: { ...image.boot, file },
    source: { server: true, sha256 },
  });
}
