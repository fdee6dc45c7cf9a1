import type { Logger } from "pino";
import { describeError, type ImageSummary } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";

export interface Offer {
  readonly hostId: string;
  readonly image: ImageSummary;
}

export interface Lookup {
  readonly offers: readonly Offer[];
  /** Hosts that are connected, and how many of them did not say what they offer. */
  readonly hosts: number;
  readonly silent: number;
}

/** What the connected hosts offer: asked once per host, and again when it says that its catalogue changed. */
export class Catalogue {
  readonly #lists = new Map<string, Promise<ImageSummary[]>>();
  readonly #titles = new Map<string, string>();
  /** Images that take boot scripts. */
  readonly #scripted = new Set<string>();
  readonly #proxy: Proxy;
  readonly #log: Logger;

  constructor(proxy: Proxy, log: Logger) {
    this.#proxy = proxy;
    this.#log = log;
  }

  forget(hostId: string): void {
    this.#lists.delete(hostId);
  }

  /** All hosts' images, merged by id: one that some host can start is available. */
  async list(): Promise<ImageSummary[]> {
    const merged = new Map<string, ImageSummary>();
    for (const hostId of this.#hosts())
      for (const image of (await this.#ask(hostId)) ?? []) {
        const known = merged.get(image.id);
        if (known === undefined || (!known.available && image.available)) merged.set(image.id, image);
      }
    return [...merged.values()].sort((a, b) => a.title.localeCompare(b.title));
  }

  async lookUp(imageId: string): Promise<Lookup> {
    const hosts = this.#hosts();
    const lists = await Promise.all(
      hosts.map(async (hostId) => ({ hostId, images: await this.#ask(hostId) })),
    );
    const offers = lists.flatMap(({ hostId, images }) =>
      (images ?? []).filter((image) => image.id === imageId).map((image) => ({ hostId, image })),
    );
    const silent = lists.filter(({ images }) => images === null).length;
    return { offers, hosts: hosts.length, silent };
  }

  /** What one host says of an image; null: it does not offer it. */
  async find(hostId: string, imageId: string): Promise<ImageSummary | "silent" | null> {
    const images = await this.#ask(hostId);
    if (images === null) return "silent";
    return images.find(({ id }) => id === imageId) ?? null;
  }

  /** An image's title as last heard; its id where no host has said one yet. */
  titleOf(imageId: string): string {
    return this.#titles.get(imageId) ?? imageId;
  }

  /** Whether an image takes boot scripts, as last heard. */
  takesScripts(imageId: string): boolean {
    return this.#scripted.has(imageId);
  }

  #remember({ id, title, script }: ImageSummary): void {
    this.#titles.set(id, title);
    if (script !== undefined && script !== "none") this.#scripted.add(id);
  }

  #hosts(): string[] {
    return this.#proxy
      .connectedAgents()
      .filter((agent) => agent.kind === "host")
      .map((agent) => agent.id);
  }

  /** Null: the host did not answer. */
  async #ask(hostId: string): Promise<ImageSummary[] | null> {
    const pending = this.#lists.get(hostId) ?? this.#proxy.requestHost(hostId, "image.list", {});
    this.#lists.set(hostId, pending);
    try {
      const images = await pending;
      for (const image of images) this.#remember(image);
      return images;
    } catch (error) {
      if (this.#lists.get(hostId) === pending) this.#lists.delete(hostId);
      this.#log.warn(
        { event: "images.failed", agentId: hostId, reason: describeError(error) },
        "a host did not list its images",
      );
      return null;
    }
  }
}
