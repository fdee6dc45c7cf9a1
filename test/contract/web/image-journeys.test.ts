// Images on their way from a server's folder to real hosts.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { answerHostRequest } from "../../../bin/programs/host-requests.ts";
import type { Launcher, LauncherOptions } from "../../../launcher/index.ts";
import {
  hostMethods,
  IMAGE_PIECE_BYTES,
  RequestError,
  systemClock,
  type HostMethod,
} from "../../../protocol/index.ts";
import type { AskHost } from "../../../web/server/disks/index.ts";
import {
  ImageJourneys,
  sendImage,
  ServerImages,
  type ImageContent,
} from "../../../web/server/images/index.ts";
import { runProcess } from "../../support/process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { Workshop } from "../launcher/workshop.ts";

const ID = "lab";
const SILENT = pino({ level: "silent" });
/** Five pieces, the last one short. */
const BYTES = 4 * IMAGE_PIECE_BYTES + 1024;

type Fault = (method: string, moment: "before" | "after", params: object) => void;

/** A server's folder and one host, with a line between them that a test may cut or bend. */
class World {
  readonly asked: string[] = [];
  readonly #workshop: Workshop;
  readonly folder: string;
  host!: Launcher;

  private constructor(workshop: Workshop) {
    this.#workshop = workshop;
    this.folder = join(workshop.folder, "server");
    mkdirSync(this.folder);
  }

  static async make(): Promise<World> {
    const world = new World(await Workshop.make());
    await world.restart();
    return world;
  }

  /** The host ends and comes back: what it knew by heart is gone. */
  async restart(changes: Partial<LauncherOptions> = {}): Promise<void> {
    await this.host?.close();
    this.host = await this.#workshop.open(changes);
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
    const images = await ServerImages.open(this.folder, systemClock, SILENT);
    try {
      return await waitFor("the checksum", async () => {
        await images.look();
        return images.find(id)?.content ?? undefined;
      });
    } finally {
      await images.close();
    }
  }

  ask(fault: Fault = () => undefined): AskHost {
    return async (_host, method, params) => {
      fault(method, "before", params);
      this.asked.push(method);
      const result = await answerHostRequest(this.host, method, params);
      fault(method, "after", params);
      return hostMethods[method satisfies HostMethod].result.parse(
        JSON.parse(JSON.stringify(result)),
      ) as never;
    };
  }

  async send(content: ImageContent, ask = this.ask()): Promise<void> {
    const signal = AbortSignal.timeout(50_000);
    await sendImage("h", content, { ask, clock: systemClock, signal, onProgress: () => undefined });
  }

  count(method: string): number {
    return this.asked.filter((one) => one === method).length;
  }

  /** Names of the files of the host's images folder. */
  files(): string[] {
    return readdirSync(this.#workshop.options.imagesDir).sort();
  }

  contentOf(name: string): Buffer {
    return readFileSync(join(this.#workshop.options.imagesDir, name));
  }

  async summary(id = ID) {
    return (await this.host.images()).find((image) => image.id === id);
  }

  run(machine: string) {
    return this.host.create({ id: machine, name: machine, image: ID });
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.#workshop.close();
  }
}

function offsetOf(params: object): number {
  return "offset" in params ? Number(params.offset) : -1;
}

function sumOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function nameOf(content: Buffer): string {
  return `${ID}.${sumOf(content).slice(0, 12)}.raw`;
}

let world: World;
let content: Buffer;
beforeEach(async () => {
  world = await World.make();
  content = randomBytes(BYTES);
  world.put(content);
});
afterEach(() => world.close());

describe("an image from the server", () => {
  test("comes whole to a host, is offered there as the server has it, and is not sent twice", async () => {
    world.put(content, { allow: ["user:anna"], memoryMb: { default: 64, min: 32 } });
    const image = await world.read();
    expect(image.sha256).toBe(sumOf(content));
    await world.send(image);
    expect(world.files()).toEqual([nameOf(content), `${ID}.json`].sort());
    expect(world.contentOf(nameOf(content)).equals(content)).toBe(true);
    expect(await world.summary()).toMatchObject({
      ...{ available: true, sha256: image.sha256, allow: ["user:anna"], memoryMb: { default: 64, min: 32 } },
    });
    const pieces = world.count("image.write");
    await world.send(image);
    expect(world.count("image.write")).toBe(pieces);
    // What the server says of it now counts, without the file being sent.
    world.put(content, { title: "Another lab" });
    await world.send(await world.read());
    expect(world.count("image.write")).toBe(pieces);
    expect(await world.summary()).toMatchObject({ title: "Another lab" });
  });

  test.for(["before", "after"] as const)(
    "goes on where it was when both ends crash %s a piece was kept",
    async (moment) => {
      const image = await world.read();
      const cut: Fault = (method, when, params) => {
        if (method === "image.write" && when === moment && offsetOf(params) >= 2 * IMAGE_PIECE_BYTES)
          throw new RequestError("HOST_OFFLINE", "cut");
      };
      await expect(world.send(image, world.ask(cut))).rejects.toMatchObject({ code: "HOST_OFFLINE" });
      expect(world.files()).toEqual([`${ID}.${image.sha256.slice(0, 12)}.part`]);
      expect((await world.summary())?.available).toBeUndefined();
      await world.restart();
      const offsets: number[] = [];
      await world.send(
        image,
        world.ask((method, when, params) => {
          if (method === "image.write" && when === "before") offsets.push(offsetOf(params));
        }),
      );
      expect(Math.min(...offsets)).toBeGreaterThanOrEqual(2 * IMAGE_PIECE_BYTES);
      expect(world.contentOf(nameOf(content)).equals(content)).toBe(true);
    },
  );

  test("is sent again when it came damaged, and nothing of it is kept when it always does", async () => {
    const image = await world.read();
    const bend = (times: number): AskHost => {
      const ask = world.ask();
      let left = times;
      return (host, method, params) => {
        if (method !== "image.write" || left === 0) return ask(host, method, params);
        left -= 1;
        const spoilt = { ...params, data: Buffer.alloc(IMAGE_PIECE_BYTES).toString("base64") };
        return ask(host, method, spoilt as never);
      };
    };
    const forever = bend(Number.POSITIVE_INFINITY);
    const short = { ...image, bytes: 4 * IMAGE_PIECE_BYTES };
    await expect(world.send(short, forever)).rejects.toMatchObject({
      code: "IMAGE_DAMAGED",
      safeMessage: 'The image "lab" was damaged on its way.',
    });
    expect(world.files()).toEqual([]);
    await world.send(image, bend(1));
    expect(world.contentOf(nameOf(content)).equals(content)).toBe(true);
  });

  test("is refused when it names files of the host", async () => {
    const file = join(world.folder, "evil.qcow2");
    const names = ["-u", "-F", "raw", "-b", "/etc/passwd"];
    await runProcess("qemu-img", ["create", "-q", "-f", "qcow2", ...names, file, "1M"]);
    world.describe("evil", { boot: { kind: "disk", format: "qcow2", file } });
    await expect(world.send(await world.read("evil"))).rejects.toMatchObject({
      code: "IMAGE_UNSAFE",
      safeMessage: 'The server\'s image "evil" cannot be used: it names a backing file.',
    });
    expect(world.files()).toEqual([]);
    expect(await world.summary("evil")).toBeUndefined();
  });

  test("a new version takes its place for new machines; those on the old one keep it", async () => {
    const old = content;
    await world.send(await world.read());
    await world.run("m1");
    content = randomBytes(BYTES);
    world.put(content);
    await world.send(await world.read());
    expect(world.files()).toEqual([nameOf(old), nameOf(content), `${ID}.json`].sort());
    expect(await world.summary()).toMatchObject({ sha256: sumOf(content) });
    await world.host.remove("m1");
    expect(world.files()).toEqual([nameOf(content), `${ID}.json`].sort());
  });

  test("leaves a host's own image of the same name alone", async () => {
    const file = join(world.folder, "own.raw");
    writeFileSync(file, content);
    await world.restart({ catalogueFile: null });
    const entry = { id: ID, title: "Own", description: "", boot: { kind: "disk", format: "raw", file } };
    const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
    writeFileSync(join(world.folder, "..", "images", `${ID}.json`), JSON.stringify({ ...entry, ...amounts }));
    await expect(world.send(await world.read())).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    expect(await world.summary()).toMatchObject({ title: "Own" });
  });

  test("is not taken by a host that takes none, nor without having been announced", async () => {
    const image = await world.read();
    const version = { id: ID, sha256: image.sha256 };
    await expect(
      world.ask()("h", "image.write", { ...version, offset: 0, data: "AAAA" }),
    ).rejects.toMatchObject({
      code: "IMAGE_JOURNEY",
    });
    await expect(world.ask()("h", "image.check", version)).rejects.toMatchObject({ code: "IMAGE_JOURNEY" });
    const limits = { maxInstances: 1, maxLoad: 1000, memoryReserveMb: 256, serverImagesGb: 0 };
    await world.restart({ limits });
    expect((await world.host.facts()).serverImagesMb).toBeUndefined();
    await expect(world.send(image)).rejects.toMatchObject({ code: "HOST_IMAGES_OFF" });
    expect(world.files()).toEqual([]);
  });

  test("makes room by the oldest that no machine is built on, and not by others", async () => {
    const limits = {
      maxInstances: 5,
      maxLoad: 1000,
      memoryReserveMb: 256,
      serverImagesGb: (2.5 * BYTES) / 2 ** 30,
    };
    await world.restart({ limits });
    await world.send(await world.read());
    await world.run("m1");
    for (const id of ["b", "c"]) {
      world.put(randomBytes(BYTES), {}, id);
      await world.send(await world.read(id));
    }
    expect(world.files().filter((name) => name.endsWith(".json"))).toEqual(["c.json", "lab.json"]);
    await world.host.create({ id: "m2", name: "m2", image: "c" });
    world.put(randomBytes(BYTES), {}, "d");
    await expect(world.send(await world.read("d"))).rejects.toMatchObject({ code: "HOST_IMAGES_FULL" });
    expect(world.files().filter((name) => name.endsWith(".json"))).toEqual(["c.json", "lab.json"]);
  });

  test("is brought once, however many ask for it at the same moment", async () => {
    const image = await world.read();
    const ended = vi.fn();
    const audited: object[] = [];
    const journeys = new ImageJourneys({
      ...{ clock: systemClock, log: SILENT, onProgress: () => undefined, onEnd: ended },
      proxy: { requestHost: world.ask(), audit: (entry) => audited.push(entry) },
    });
    const begun = await Promise.all([1, 2, 3].map(() => journeys.bring("h", image)));
    expect(begun.every((fraction) => fraction !== null)).toBe(true);
    await waitFor("the end of the journey", () => (ended.mock.calls.length > 0 ? true : undefined));
    expect(ended).toHaveBeenCalledTimes(1);
    expect(world.count("image.write")).toBe(5);
    expect(await journeys.bring("h", image)).toBeNull();
    expect(audited).toMatchObject([{ action: "image.send", outcome: "success", agentId: "h", count: BYTES }]);
    journeys.close();
  });
});
