// Images on their way from a server's folder to real hosts.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IMAGE_PIECE_BYTES, RequestError, systemClock, TypedEventEmitter } from "../../../protocol/index.ts";
import type { OrchestratorEvents } from "../../../orchestrator/orchestrator-events.ts";
import type { RequestHost } from "../../../orchestrator/hosts/host-access.ts";
import { ImageTransfers } from "../../../orchestrator/images/image-transfers.ts";
import { runProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { BYTES, ID, nameOf, offsetOf, SILENT, sumOf, ImageFixture, type Fault } from "./image-fixture.ts";

let imageFixture: ImageFixture;
let content: Buffer;
beforeEach(async () => {
  imageFixture = await ImageFixture.make();
  content = randomBytes(BYTES);
  imageFixture.put(content);
});
afterEach(() => imageFixture.close());

describe("an image from the server", () => {
  test("comes whole to a host, is offered there as the server has it, and is not sent twice", async () => {
    imageFixture.put(content, { allow: ["user:anna"], memoryMb: { default: 64, min: 32 } });
    const image = await imageFixture.read();
    expect(image.sha256).toBe(sumOf(content));
    await imageFixture.send(image);
    expect(imageFixture.files()).toEqual([nameOf(content), `${ID}.json`].sort());
    expect(imageFixture.contentOf(nameOf(content)).equals(content)).toBe(true);
    expect(await imageFixture.summary()).toMatchObject({
      ...{ available: true, sha256: image.sha256, allow: ["user:anna"], memoryMb: { default: 64, min: 32 } },
    });
    const pieces = imageFixture.count("image.write");
    await imageFixture.send(image);
    expect(imageFixture.count("image.write")).toBe(pieces);
    // What the server says of it now counts, without the file being sent.
    imageFixture.put(content, { title: "Another lab" });
    await imageFixture.send(await imageFixture.read());
    expect(imageFixture.count("image.write")).toBe(pieces);
    expect(await imageFixture.summary()).toMatchObject({ title: "Another lab" });
  });

  test.for(["before", "after"] as const)(
    "goes on where it was when both ends crash %s a piece was kept",
    async (moment) => {
      const image = await imageFixture.read();
      const cut: Fault = (method, when, params) => {
        if (method === "image.write" && when === moment && offsetOf(params) >= 2 * IMAGE_PIECE_BYTES)
          throw new RequestError("HOST_OFFLINE", "cut");
      };
      await expect(imageFixture.send(image, imageFixture.hostRequests(cut))).rejects.toMatchObject({
        code: "HOST_OFFLINE",
      });
      expect(imageFixture.files()).toEqual([`${ID}.${image.sha256.slice(0, 12)}.part`]);
      expect((await imageFixture.summary())?.available).toBeUndefined();
      await imageFixture.restart();
      const offsets: number[] = [];
      await imageFixture.send(
        image,
        imageFixture.hostRequests((method, when, params) => {
          if (method === "image.write" && when === "before") offsets.push(offsetOf(params));
        }),
      );
      expect(Math.min(...offsets)).toBeGreaterThanOrEqual(2 * IMAGE_PIECE_BYTES);
      expect(imageFixture.contentOf(nameOf(content)).equals(content)).toBe(true);
    },
  );

  test("is sent again when it came damaged, and nothing of it is kept when it always does", async () => {
    const image = await imageFixture.read();
    const bend = (times: number): RequestHost => {
      const ask = imageFixture.hostRequests();
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
    await expect(imageFixture.send(short, forever)).rejects.toMatchObject({
      code: "IMAGE_DAMAGED",
      safeMessage: 'The image "lab" was damaged on its way.',
    });
    expect(imageFixture.files()).toEqual([]);
    await imageFixture.send(image, bend(1));
    expect(imageFixture.contentOf(nameOf(content)).equals(content)).toBe(true);
  });

  test("is refused when it names files of the host", async () => {
    const file = join(imageFixture.folder, "evil.qcow2");
    const names = ["-u", "-F", "raw", "-b", "/etc/passwd"];
    await runProcess("qemu-img", ["create", "-q", "-f", "qcow2", ...names, file, "1M"]);
    imageFixture.describe("evil", { boot: { kind: "disk", format: "qcow2", file } });
    await expect(imageFixture.send(await imageFixture.read("evil"))).rejects.toMatchObject({
      code: "IMAGE_UNSAFE",
      safeMessage: 'The server\'s image "evil" cannot be used: it names a backing file.',
    });
    expect(imageFixture.files()).toEqual([]);
    expect(await imageFixture.summary("evil")).toBeUndefined();
  });

  test("a new version takes its place for new machines; those on the old one keep it", async () => {
    const old = content;
    await imageFixture.send(await imageFixture.read());
    await imageFixture.run("m1");
    content = randomBytes(BYTES);
    imageFixture.put(content);
    await imageFixture.send(await imageFixture.read());
    expect(imageFixture.files()).toEqual([nameOf(old), nameOf(content), `${ID}.json`].sort());
    expect(await imageFixture.summary()).toMatchObject({ sha256: sumOf(content) });
    await imageFixture.host.remove("m1");
    expect(imageFixture.files()).toEqual([nameOf(content), `${ID}.json`].sort());
  });

  test("leaves a host's own image of the same name alone", async () => {
    const file = join(imageFixture.folder, "own.raw");
    writeFileSync(file, content);
    await imageFixture.restart({ catalogueFile: null });
    const entry = { id: ID, title: "Own", description: "", boot: { kind: "disk", format: "raw", file } };
    const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
    writeFileSync(
      join(imageFixture.folder, "..", "images", `${ID}.json`),
      JSON.stringify({ ...entry, ...amounts }),
    );
    await expect(imageFixture.send(await imageFixture.read())).rejects.toMatchObject({
      code: "IMAGE_EXISTS",
    });
    expect(await imageFixture.summary()).toMatchObject({ title: "Own" });
  });

  test("is not taken by a host that takes none, nor without having been announced", async () => {
    const image = await imageFixture.read();
    const version = { id: ID, sha256: image.sha256 };
    await expect(
      imageFixture.hostRequests()("h", "image.write", { ...version, offset: 0, data: "AAAA" }),
    ).rejects.toMatchObject({
      code: "IMAGE_JOURNEY",
    });
    await expect(imageFixture.hostRequests()("h", "image.check", version)).rejects.toMatchObject({
      code: "IMAGE_JOURNEY",
    });
    const limits = { maxInstances: 1, maxLoad: 1000, memoryReserveMb: 256, serverImagesGb: 0 };
    await imageFixture.restart({ limits });
    expect((await imageFixture.host.facts()).serverImagesMb).toBeUndefined();
    await expect(imageFixture.send(image)).rejects.toMatchObject({ code: "HOST_IMAGES_OFF" });
    expect(imageFixture.files()).toEqual([]);
  });

  test("makes room by the oldest that no machine is built on, and not by others", async () => {
    const limits = {
      maxInstances: 5,
      maxLoad: 1000,
      memoryReserveMb: 256,
      serverImagesGb: (2.5 * BYTES) / 2 ** 30,
    };
    await imageFixture.restart({ limits });
    await imageFixture.send(await imageFixture.read());
    await imageFixture.run("m1");
    for (const id of ["b", "c"]) {
      imageFixture.put(randomBytes(BYTES), {}, id);
      await imageFixture.send(await imageFixture.read(id));
    }
    expect(imageFixture.files().filter((name) => name.endsWith(".json"))).toEqual(["c.json", "lab.json"]);
    await imageFixture.host.create({ id: "m2", name: "m2", image: "c" });
    imageFixture.put(randomBytes(BYTES), {}, "d");
    await expect(imageFixture.send(await imageFixture.read("d"))).rejects.toMatchObject({
      code: "HOST_IMAGES_FULL",
    });
    expect(imageFixture.files().filter((name) => name.endsWith(".json"))).toEqual(["c.json", "lab.json"]);
  });

  test("is brought once, however many ask for it at the same moment", async () => {
    const image = await imageFixture.read();
    const ended = vi.fn();
    const audited: object[] = [];
    const events = new TypedEventEmitter<OrchestratorEvents>();
    events.on("image.transferEnded", ended);
    const journeys = new ImageTransfers({
      ...{ events, clock: systemClock, log: SILENT },
      proxy: { requestHost: imageFixture.hostRequests(), audit: (entry) => audited.push(entry) },
    });
    const begun = await Promise.all([1, 2, 3].map(() => journeys.ensure("h", image)));
    expect(begun.every((fraction) => fraction !== null)).toBe(true);
    await waitFor("the end of the journey", () => (ended.mock.calls.length > 0 ? true : undefined));
    expect(ended).toHaveBeenCalledTimes(1);
    expect(imageFixture.count("image.write")).toBe(5);
    expect(await journeys.ensure("h", image)).toBeNull();
    expect(audited).toMatchObject([{ action: "image.send", outcome: "success", agentId: "h", count: BYTES }]);
    journeys.close();
  });
});
