import { chmod, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  LaunchError,
  RequestError,
  type Architecture,
  type Clock,
  type ImageCopy,
  type ImageVersion,
  type SentImage,
} from "../../../protocol/index.ts";
import { Summer } from "../../disks/journey/checksum.ts";
import { flushContent, writePiece } from "../../disks/journey/pieces.ts";
import { inspectFile, inspectImage, listBootFiles } from "../inspect.ts";
import { listFilesOf } from "../own-entries.ts";
import type { ImageStore } from "../store.ts";
import { entryOf, formatOf } from "./entry-of.ts";
import { chooseLeaving, dropOldVersions, listKept } from "./image-room.ts";

/** Free on the host besides what an image needs that arrives. */
const ROOM_BYTES = 1_073_741_824;

export interface ArrivalBench {
  readonly store: ImageStore;
  /** What images from the server may take; 0: this host takes none. */
  readonly maxBytes: number;
  /** Files that machines are built on. */
  readonly used: () => ReadonlySet<string>;
  /** Where the images lie. */
  readonly freeBytes: () => number;
  /** Why a guest of this kind cannot run here; null: it can. */
  readonly findLack: (arch: Architecture) => string | null;
  readonly clock: Clock;
}

interface Arrival {
  readonly image: SentImage;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * This host's part in fetching images from its server. A part lies under its checksum's name until it is whole and was
 * looked at, so a journey that was cut goes on where it stopped, and nothing half or wrong is ever offered.
 */
export class ImageArrivals {
  readonly #bench: ArrivalBench;
  readonly #summer = new Summer();
  readonly #arriving = new Map<string, Arrival>();
  /** Pieces are written one after the other, whatever the order of their requests' ends. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(bench: ArrivalBench) {
    this.#bench = bench;
  }

  /** What images from the server may still take here, in bytes; null: this host takes none. */
  freeBytes(): number | null {
    const { store, maxBytes, used, freeBytes } = this.#bench;
    if (maxBytes === 0) return null;
    const kept = listKept(store, used());
    const sum = (some: typeof kept): number => some.reduce((all, { bytes }) => all + bytes, 0);
    const idle = sum(kept.filter((one) => !one.used));
    return Math.max(0, Math.min(maxBytes - (sum(kept) - idle), freeBytes() + idle - ROOM_BYTES));
  }

  /** @throws RequestError `IMAGE_EXISTS`; LaunchError `HOST_IMAGES_OFF`, `HOST_IMAGES_FULL`, `HOST_DISK` */
  async begin(arrival: Arrival): Promise<ImageCopy> {
    const { id } = arrival.image;
    const isWhole = (await countBytes(this.#partOf(arrival))) === arrival.bytes;
    // Outside the turn: what is being looked at waits for its own.
    if (!isWhole || this.#arriving.get(id)?.sha256 !== arrival.sha256) await this.#summer.stop(id);
    return this.#inTurn(async () => {
      const { store, maxBytes, findLack } = this.#bench;
      const { image, sha256, bytes } = arrival;
      const origin = store.entries().some(({ id }) => id === image.id) ? store.originOf(image.id) : null;
      if (origin === "catalogue" || origin === "folder")
        throw refuse("IMAGE_EXISTS", `This host has an image "${image.id}" of its own.`);
      const here = await this.#findHere(arrival);
      if (here !== null) {
        await this.#keep(image, sha256, here);
        return { state: "here", bytes };
      }
      if (maxBytes === 0) throw fail("HOST_IMAGES_OFF", "This host takes no images from the server.");
      const lack = findLack(image.arch);
      if (lack !== null) throw fail("IMAGE_UNAVAILABLE", lack);
      const part = this.#partOf(arrival);
      if ((await countBytes(part)) > bytes) await rm(part, { force: true });
      await this.#dropOtherParts(arrival);
      await this.#makeRoom(image.id, bytes, await countBytes(part));
      this.#arriving.set(image.id, arrival);
      return { state: "arriving", bytes: await countBytes(part) };
    });
  }

  /** @returns how many bytes are there now. @throws RequestError `IMAGE_JOURNEY` */
  write(version: ImageVersion, offset: number, data: Buffer): Promise<number> {
    return this.#inTurn(() => {
      const arrival = this.#find(version);
      if (offset + data.length > arrival.bytes) throw lost();
      return writePiece(this.#partOf(arrival), offset, data);
    });
  }

  /** @throws RequestError `IMAGE_JOURNEY`; LaunchError `IMAGE_DAMAGED`, `IMAGE_UNSAFE` */
  check(version: ImageVersion): Promise<ImageCopy> {
    return this.#inTurn(async () => {
      const { store } = this.#bench;
      const entry = store.entries().find(({ id }) => id === version.id);
      if (entry?.source?.server === true && entry.source.sha256 === version.sha256) {
        const bytes = await countBytes(listBootFiles(entry.boot)[0] ?? "");
        if (bytes > 0) return { state: "here", bytes };
      }
      const arrival = this.#find(version);
      const part = this.#partOf(arrival);
      // The failure of the last look comes first: with it the part is gone.
      this.#summer.begin(version.id, part, (sha256) => this.#take(arrival, part, sha256));
      return { state: "arriving", bytes: arrival.bytes };
    });
  }

  /** Deletes what neither an image nor a machine needs any more. What cannot be deleted now is the next time. */
  async sweep(): Promise<void> {
    const { store, used, clock } = this.#bench;
    await this.#inTurn(() => dropOldVersions(store, used(), clock.now())).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#summer.close();
    await this.#turn.catch(() => undefined);
  }

  /** The whole file, under its own name: of one version there is one. */
  #fileFor({ image, sha256 }: Arrival): string {
    const ending = image.boot.kind === "iso" ? "iso" : image.boot.format;
    return join(this.#bench.store.folder, `${image.id}.${sha256.slice(0, 12)}.${ending}`);
  }

  #partOf({ image, sha256 }: Arrival): string {
    return join(this.#bench.store.folder, `${image.id}.${sha256.slice(0, 12)}.part`);
  }

  /** Null: it is not here, or cannot be used. */
  async #findHere(arrival: Arrival): Promise<string | null> {
    const { image, sha256, bytes } = arrival;
    const entry = this.#bench.store.entries().find(({ id }) => id === image.id);
    if (entry?.source?.server !== true || entry.source.sha256 !== sha256) return null;
    const file = this.#fileFor(arrival);
    if ((await countBytes(file)) !== bytes || (await inspectImage(entry.boot)) !== null) return null;
    return listBootFiles(entry.boot)[0] === file ? file : null;
  }

  async #take(arrival: Arrival, part: string, sha256: string): Promise<void> {
    if (sha256 !== arrival.sha256 || (await countBytes(part)) !== arrival.bytes) {
      await rm(part, { force: true });
      throw fail("IMAGE_DAMAGED", `The image "${arrival.image.id}" was damaged on its way.`);
    }
    const fault = await inspectFile(part, formatOf(arrival.image));
    if (fault !== null) {
      await rm(part, { force: true });
      const why = fault.kind === "unsafe" ? fault.why : "it is gone";
      throw fail("IMAGE_UNSAFE", `The server's image "${arrival.image.id}" cannot be used: ${why}.`);
    }
    await flushContent(part);
    await chmod(part, 0o400);
    // In turn: a file that is no entry's yet would be swept.
    await this.#inTurn(async () => {
      const file = this.#fileFor(arrival);
      await rename(part, file);
      await this.#keep(arrival.image, sha256, file);
      this.#arriving.delete(arrival.image.id);
    });
    await this.sweep();
  }

  async #keep(image: SentImage, sha256: string, file: string): Promise<void> {
    const entry = entryOf(image, sha256, file);
    const { store } = this.#bench;
    const known = store.entries().find(({ id }) => id === image.id);
    if (JSON.stringify(known) !== JSON.stringify(entry)) await store.put(entry);
  }

  /** @param there what has come of it already */
  async #makeRoom(id: string, bytes: number, there: number): Promise<void> {
    const { store, maxBytes, used, freeBytes } = this.#bench;
    const kept = listKept(store, used());
    const others = [...this.#arriving.values()].filter(({ image }) => image.id !== id);
    let owed = 0;
    for (const other of others) owed += other.bytes - (await countBytes(this.#partOf(other)));
    const promised = [...kept, ...others].reduce((sum, one) => sum + one.bytes, bytes);
    const byLimit = chooseLeaving(kept, promised - maxBytes);
    if (byLimit === null) {
      const text = `images: ${inGb(bytes)} GB asked for, of ${inGb(maxBytes)} GB for images from the server too much is in use. Its administrator can give more with --server-images-gb.`;
      throw fail("HOST_IMAGES_FULL", text);
    }
    const byDisk = chooseLeaving(kept, bytes - there + owed + ROOM_BYTES - freeBytes());
    if (byDisk === null)
      throw fail("HOST_DISK", "disk: not enough room for the image. Delete a machine first.");
    for (const { entry, file } of byLimit.length > byDisk.length ? byLimit : byDisk) {
      await store.forget(entry.id);
      await rm(file, { force: true });
    }
  }

  /** What has come of other versions is of no use any more. */
  async #dropOtherParts(arrival: Arrival): Promise<void> {
    const { folder } = this.#bench.store;
    for (const name of await listFilesOf(folder, arrival.image.id))
      if (name.endsWith(".part") && join(folder, name) !== this.#partOf(arrival))
        await rm(join(folder, name), { force: true });
  }

  #find({ id, sha256 }: ImageVersion): Arrival {
    const arrival = this.#arriving.get(id);
    if (arrival?.sha256 !== sha256) throw lost();
    return arrival;
  }

  #inTurn<T>(act: () => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(act, act);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

async function countBytes(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}

function inGb(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

function lost(): RequestError {
  return refuse("IMAGE_JOURNEY", "The image is not at that point of its journey on this host.");
}

function refuse(code: string, text: string): RequestError {
  return new RequestError(code, text, { safeMessage: text });
}

function fail(code: string, text: string): LaunchError {
  return new LaunchError(code, text, { safeMessage: text });
}
