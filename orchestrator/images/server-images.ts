import type { Logger } from "pino";
import {
  ConfigError,
  describeError,
  extractImageSummary,
  type Clock,
  type ImageSummary,
  type SentImage,
} from "../../protocol/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { readImageFolder, type FolderImage } from "./read-image-folder.ts";
import { ImageChecksums } from "./image-checksums.ts";

/** How often the folder is read. */
const LOOK_MS = 5000;
const PREPARING = "The server is still reading the image. It can be used in a moment.";

/** One version of an image, ready to be sent. */
export interface ImageContent {
  readonly image: SentImage;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ServerImage {
  readonly state: "ready" | "preparing" | "unusable";
  readonly summary: ImageSummary;
  /** Null: it cannot be sent, or not yet. */
  readonly content: ImageContent | null;
}

interface ServerImagesContext {
  readonly folder: string;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The images that a server has for its hosts, from a folder that is read periodically. */
export class ServerImages {
  readonly #folder: string;
  readonly #events: OrchestratorEventEmitter;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #checksums: ImageChecksums;
  #images = new Map<string, ServerImage>();
  #problems = "";
  #cancel = (): void => undefined;
  #refreshing: Promise<void> | null = null;
  #closed = false;

  private constructor({ folder, events, clock, log }: ServerImagesContext) {
    this.#folder = folder;
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
    this.#checksums = new ImageChecksums(folder, log);
  }

  /** @throws ConfigError `SERVER_IMAGES` */
  static async open(context: ServerImagesContext): Promise<ServerImages> {
    const images = new ServerImages(context);
    try {
      await images.#read();
    } catch (cause) {
      const text = `The images of --server-images ${context.folder} cannot be read: ${describeError(cause)}`;
      throw new ConfigError("SERVER_IMAGES", text, { cause });
    }
    images.#refreshLater();
    return images;
  }

  list(): ServerImage[] {
    return [...this.#images.values()];
  }

  find(id: string): ServerImage | null {
    return this.#images.get(id) ?? null;
  }

  /** Reads the folder now. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read()
      .catch((error: unknown) => {
        this.#log.warn(
          { event: "images.unreadable", reason: describeError(error) },
          "the server's images could not be read",
        );
      })
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#checksums.close();
  }

  #refreshLater(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void this.refresh().finally(() => {
        if (!this.#closed) this.#refreshLater();
      });
    });
  }

  async #read(): Promise<void> {
    const { images, problems } = await readImageFolder(this.#folder);
    const found = new Map<string, ServerImage>();
    for (const image of images) found.set(image.image.id, await this.#describe(image));
    const problemText = problems.join("; ");
    if (problemText !== this.#problems && problemText !== "")
      this.#log.warn(
        { event: "image.unreadable", problems },
        "files in the server's images folder are no images",
      );
    this.#problems = problemText;
    const changed = JSON.stringify([...found]) !== JSON.stringify([...this.#images]);
    this.#images = found;
    if (changed && !this.#closed) this.#events.emit("serverImages.changed", {});
  }

  async #describe({ image, version, problem }: FolderImage): Promise<ServerImage> {
    const about = extractImageSummary(image);
    if (version === null) {
      const summary = { ...about, available: false, reason: problem ?? PREPARING };
      return { state: "unusable", summary, content: null };
    }
    const sha256 = await this.#checksums.find(image.id, version);
    if (sha256 === null) {
      this.#checksums.compute(image.id, version, () => void this.refresh());
      return {
        state: "preparing",
        summary: { ...about, available: false, reason: PREPARING },
        content: null,
      };
    }
    const content = { image, file: version.file, bytes: version.bytes, sha256 };
    return { state: "ready", summary: { ...about, available: true, sha256 }, content };
  }
}
