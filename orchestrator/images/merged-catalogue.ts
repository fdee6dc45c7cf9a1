import type { Logger } from "pino";
import { describeError, type Clock, type ImageSummary } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import { listConnectedHosts } from "../hosts/host-access.ts";
import type { HostPatience } from "../hosts/host-patience.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import type { ImageContent, ServerImage, ServerImages } from "./server-images.ts";

/** A host whose list could not be read is not asked again for so long: reading it costs time. */
const RETRY_MS = 3000;
/** Images whose titles are known after their hosts have gone. */
const MAX_REMEMBERED = 10_000;

interface ImageOffer {
  /** Null: the server. */
  readonly hostId: string | null;
  readonly image: ImageSummary;
}

interface ImageLookup {
  readonly offers: readonly ImageOffer[];
  /** Number of connected hosts, and how many of them did not answer. */
  readonly hosts: number;
  readonly unanswered: number;
}

/** An image as seen from one host. */
export type HostImage =
  | {
      readonly kind: "offered";
      readonly image: ImageSummary;
      /** The server's, if it is the server's image that the host uses. */
      readonly content: ImageContent | null;
      /** The host does not have this version yet. */
      readonly missing: boolean;
    }
  | { readonly kind: "notOffered" }
  | { readonly kind: "noAnswer" };

/** Where an image is. */
interface ImageLocations {
  readonly server: ServerImage["state"] | null;
  readonly hostIds: readonly string[];
}

interface MergedCatalogueContext {
  readonly proxy: Proxy;
  /** Null: it has no images of its own. */
  readonly server: ServerImages | null;
  readonly patience: HostPatience;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

interface AskedList {
  readonly images: Promise<ImageSummary[]>;
  /** When the host is asked again after a failure (monotonic). */
  retryAt: number;
  /** Somebody was told that the host does not answer. */
  isAwaited: boolean;
}

/** What the connected hosts and the server offer. A host is asked once, and again after {@link invalidate}. */
export class MergedCatalogue {
  readonly #lists = new Map<string, AskedList>();
  readonly #titles = new Map<string, string>();
  /** Images that take boot scripts. */
  readonly #takingScripts = new Set<string>();
  readonly #server: ServerImages | null;
  readonly #context: MergedCatalogueContext;

  constructor(context: MergedCatalogueContext) {
    this.#server = context.server;
    this.#context = context;
  }

  invalidate(hostId: string): void {
    this.#lists.delete(hostId);
  }

  /** The server's images and all hosts', merged by id: an image is available if some host can start it. */
  async list(): Promise<ImageSummary[]> {
    const merged = new Map<string, ImageSummary>();
    for (const { summary } of this.#server?.list() ?? []) merged.set(summary.id, summary);
    const lists = await Promise.all(this.#hosts().map((hostId) => this.#listOf(hostId)));
    for (const images of lists)
      for (const image of images) {
        const known = merged.get(image.id);
        if (known === undefined || (!known.available && image.available)) merged.set(image.id, image);
      }
    return [...merged.values()].sort((a, b) => a.title.localeCompare(b.title));
  }

  async lookUp(imageId: string): Promise<ImageLookup> {
    const hosts = this.#hosts();
    const lists = await Promise.all(
      hosts.map(async (hostId) => ({ hostId, images: await this.#request(hostId) })),
    );
    const offers: ImageOffer[] = lists.flatMap(({ hostId, images }) =>
      this.#filterCurrent(images ?? [])
        .filter((image) => image.id === imageId)
        .map((image) => ({ hostId, image })),
    );
    const unanswered = lists.filter(({ images }) => images === null).length;
    const served = this.#server?.find(imageId) ?? null;
    if (served !== null) offers.push({ hostId: null, image: served.summary });
    return { offers, hosts: hosts.length, unanswered };
  }

  async findOnHost(hostId: string, imageId: string): Promise<HostImage> {
    const images = await this.#request(hostId);
    if (images === null) return { kind: "noAnswer" };
    const own = this.#filterCurrent(images).find(({ id }) => id === imageId);
    const served = this.#server?.find(imageId) ?? null;
    if (served !== null && own?.available !== true)
      return { kind: "offered", image: served.summary, content: served.content, missing: true };
    if (own === undefined) return { kind: "notOffered" };
    return { kind: "offered", image: own, content: this.#contentOf(own), missing: false };
  }

  /** Whether the server itself has an image, usable or not. */
  serves(imageId: string): boolean {
    return this.#server !== null && this.#server.find(imageId) !== null;
  }

  async findLocations(imageId: string): Promise<ImageLocations> {
    const hosts = await Promise.all(
      this.#hosts().map(async (id) => ({ id, images: await this.#listOf(id) })),
    );
    const owning = hosts.filter(({ images }) =>
      images.some(({ id, available }) => id === imageId && available),
    );
    return { server: this.#server?.find(imageId)?.state ?? null, hostIds: owning.map(({ id }) => id) };
  }

  /** An image's title as last known; its id where no host has sent one yet. */
  titleOf(imageId: string): string {
    return this.#server?.find(imageId)?.summary.title ?? this.#titles.get(imageId) ?? imageId;
  }

  async #listOf(hostId: string): Promise<ImageSummary[]> {
    return this.#filterCurrent((await this.#request(hostId)) ?? []);
  }

  /**
   * A host's images that count here: those that came from a server count as long as this server has the same version.
   * Where the server has an image of the same id, its description applies, above all who may use it.
   */
  #filterCurrent(images: readonly ImageSummary[]): ImageSummary[] {
    return images.flatMap((image) => {
      const served = this.#server?.find(image.id)?.summary;
      if (image.sha256 !== undefined && image.sha256 !== served?.sha256) return [];
      const { available, reason } = image;
      if (served === undefined) return [image];
      const { sha256: _sum, reason: _why, ...rest } = served;
      // How large the disk is, a host reads from the file.
      const about =
        image.sha256 === served.sha256 && image.diskGb !== undefined
          ? { ...rest, diskGb: image.diskGb }
          : rest;
      const version = image.sha256 === undefined ? {} : { sha256: image.sha256 };
      return [{ ...about, ...version, available, ...(reason === undefined ? {} : { reason }) }];
    });
  }

  #contentOf(image: ImageSummary): ImageContent | null {
    if (image.sha256 === undefined) return null;
    return this.#server?.find(image.id)?.content ?? null;
  }

  /** Whether an image takes boot scripts, as last known. */
  takesScripts(imageId: string): boolean {
    return this.#takingScripts.has(imageId);
  }

  /** The oldest ones are forgotten: a host may name other images each time. */
  #remember({ id, title, script }: ImageSummary): void {
    this.#titles.delete(id);
    this.#titles.set(id, title);
    this.#takingScripts.delete(id);
    if (script !== undefined && script !== "none") this.#takingScripts.add(id);
    for (const oldest of this.#titles.keys()) {
      if (this.#titles.size <= MAX_REMEMBERED) return;
      this.#titles.delete(oldest);
      this.#takingScripts.delete(oldest);
    }
  }

  #hosts(): string[] {
    return listConnectedHosts(this.#context.proxy).map(({ id }) => id);
  }

  /** Null: the host did not answer, or has not yet. */
  async #request(hostId: string): Promise<ImageSummary[] | null> {
    const { patience, clock } = this.#context;
    const known = this.#lists.get(hostId);
    const asked = known && clock.monotonic() < known.retryAt ? known : this.#open(hostId);
    try {
      const images = await patience.wait(hostId, asked.images);
      if (images === null) this.#announceLater(hostId, asked);
      return images;
    } catch {
      return null;
    }
  }

  #open(hostId: string): AskedList {
    const { proxy, clock, log } = this.#context;
    const images = proxy.requestHost(hostId, "image.list", {}).then((list) => {
      for (const image of list) this.#remember(image);
      return list;
    });
    const asked: AskedList = { images, retryAt: Infinity, isAwaited: false };
    this.#lists.set(hostId, asked);
    images.catch((error: unknown) => {
      asked.retryAt = clock.monotonic() + RETRY_MS;
      log.warn(
        { event: "images.failed", agentId: hostId, reason: describeError(error) },
        "a host did not list its images",
      );
    });
    return asked;
  }

  /** Who was told that a host did not answer learns of it when it does. */
  #announceLater(hostId: string, asked: AskedList): void {
    if (asked.isAwaited) return;
    asked.isAwaited = true;
    const announce = (): void => {
      if (this.#lists.get(hostId) !== asked) return;
      this.#context.events.emit("images.changed", {});
      this.#context.events.emit("hosts.changed", {});
    };
    asked.images.then(announce, () => undefined);
  }
}
