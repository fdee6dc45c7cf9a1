import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { handleHostRequest, type Launcher, type LauncherOptions } from "../../../launcher/index.ts";
import {
  hostMethods,
  IMAGE_PIECE_BYTES,
  systemClock,
  type HostMethod,
  TypedEventEmitter,
} from "../../../protocol/index.ts";
import type { OrchestratorEvents } from "../../../orchestrator/orchestrator-events.ts";
import type { RequestHost } from "../../../orchestrator/hosts/host-access.ts";
import { sendImage } from "../../../orchestrator/images/send-image.ts";
import { ServerImages, type ImageContent } from "../../../orchestrator/images/server-images.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "../launcher/launcher-fixture.ts";

export const ID = "lab";
export const SILENT = pino({ level: "silent" });
/** Five pieces, the last one short. */
export const BYTES = 4 * IMAGE_PIECE_BYTES + 1024;

export type Fault = (method: string, moment: "before" | "after", params: object) => void;

/** A server's folder and one host, with a line between them that a test may cut or bend. */
export class ImageFixture {
  readonly asked: string[] = [];
  readonly #launcherFixture: LauncherFixture;
  readonly folder: string;
  host!: Launcher;

  private constructor(launcherFixture: LauncherFixture) {
    this.#launcherFixture = launcherFixture;
    this.folder = join(launcherFixture.folder, "server");
    mkdirSync(this.folder);
  }

  static async make(): Promise<ImageFixture> {
    const imageFixture = new ImageFixture(await LauncherFixture.make());
    await imageFixture.restart();
    return imageFixture;
  }

  /** The host ends and comes back: what it knew by heart is gone. */
  async restart(changes: Partial<LauncherOptions> = {}): Promise<void> {
    await this.host?.close();
    this.host = await this.#launcherFixture.open(changes);
  }

  /** Puts an image into the server's folder, as `postern image add` does. */
  put(content: Buffer, change: object = {}, id = ID): void {
    const file = join(this.folder, `${id}.raw`);
    writeFileSync(file, content);
    this.describe(id, { boot: { kind: "disk", format: "raw", file }, ...change });
  }

  describe(id: string, entry: object): void {
    const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
    const about = { id, title: "Lab", description: "", ...amounts, ...entry };
    writeFileSync(join(this.folder, `${id}.json`), JSON.stringify(about));
  }

  /** What the server has to send, once it knows its checksum. */
  async read(id = ID): Promise<ImageContent> {
    const images = await ServerImages.open({
      ...{
        folder: this.folder,
        events: new TypedEventEmitter<OrchestratorEvents>(),
        clock: systemClock,
        log: SILENT,
      },
    });
    try {
      return await waitFor("the checksum", async () => {
        await images.refresh();
        return images.find(id)?.content ?? undefined;
      });
    } finally {
      await images.close();
    }
  }

  hostRequests(fault: Fault = () => undefined): RequestHost {
    return async (_host, method, params) => {
      fault(method, "before", params);
      this.asked.push(method);
      const result = await handleHostRequest(this.host, method, params);
      fault(method, "after", params);
      return hostMethods[method satisfies HostMethod].result.parse(
        JSON.parse(JSON.stringify(result)),
      ) as never;
    };
  }

  async send(content: ImageContent, ask = this.hostRequests()): Promise<void> {
    const signal = AbortSignal.timeout(50_000);
    await sendImage("h", content, { request: ask, clock: systemClock, signal, onProgress: () => undefined });
  }

  count(method: string): number {
    return this.asked.filter((one) => one === method).length;
  }

  /** Names of the files of the host's images folder, without the note of its state folder. */
  files(): string[] {
    const names = readdirSync(this.#launcherFixture.options.imagesDir);
    return names.filter((name) => !name.startsWith(".machines-")).sort();
  }

  contentOf(name: string): Buffer {
    return readFileSync(join(this.#launcherFixture.options.imagesDir, name));
  }

  async summary(id = ID) {
    return (await this.host.images()).find((image) => image.id === id);
  }

  run(machine: string) {
    return this.host.create({ id: machine, name: machine, image: ID });
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.#launcherFixture.close();
  }
}

export function offsetOf(params: object): number {
  return "offset" in params ? Number(params.offset) : -1;
}

export function sumOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function nameOf(content: Buffer): string {
  return `${ID}.${sumOf(content).slice(0, 12)}.raw`;
}
