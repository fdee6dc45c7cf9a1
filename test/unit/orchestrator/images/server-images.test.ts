import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OrchestratorEvents } from "../../../../orchestrator/orchestrator-events.ts";
import { ServerImages } from "../../../../orchestrator/images/server-images.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { TypedEventEmitter } from "../../../../protocol/index.ts";

let folder: string;
let open: ServerImages[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "postern-images-"));
  open = [];
});
afterEach(async () => {
  for (const images of open) await images.close();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => path.join(folder, name);

function contextOf(imagesDir: string, events = new TypedEventEmitter<OrchestratorEvents>()) {
  return { folder: imagesDir, events, clock: new ManualClock(), log: pino({ level: "silent" }) };
}

async function openImages(events = new TypedEventEmitter<OrchestratorEvents>()): Promise<ServerImages> {
  const images = await ServerImages.open(contextOf(folder, events));
  open.push(images);
  return images;
}

function entry(id: string, change: object = {}) {
  const amounts = { memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } };
  const boot = { kind: "disk", format: "raw", file: at(`${id}.raw`) };
  return { id, title: id, description: "", ...amounts, boot, network: "isolated", ...change };
}

async function put(id: string, text: string, change: object = {}): Promise<void> {
  // As it should be done: the new file takes the place of the old one.
  await writeFile(at("fresh"), text);
  await rename(at("fresh"), at(`${id}.raw`));
  await writeFile(at(`${id}.json`), JSON.stringify(entry(id, change)));
}

const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex");

test("an image is preparing until its checksum is known, which is remembered beside it", async () => {
  await put("lab", "one");
  const events = new TypedEventEmitter<OrchestratorEvents>();
  const images = await openImages(events);
  const changed = vi.fn();
  events.on("serverImages.changed", changed);
  expect(images.find("lab")).toMatchObject({
    state: "preparing",
    content: null,
    summary: { available: false },
  });
  await vi.waitFor(() => expect(images.find("lab")?.state).toBe("ready"));
  expect(changed).toHaveBeenCalledTimes(1);
  expect(images.find("lab")).toMatchObject({
    summary: { available: true, sha256: sumOf("one"), networks: ["none", "isolated"] },
    content: { bytes: 3, sha256: sumOf("one"), image: { id: "lab", boot: { kind: "disk", format: "raw" } } },
  });
  expect(JSON.stringify(images.find("lab")?.content?.image)).not.toContain(folder);
  expect(JSON.parse(await readFile(at("lab.sum"), "utf8"))).toMatchObject({ sha256: sumOf("one") });
  // Known at once: nothing has to be worked out again.
  expect((await openImages()).find("lab")?.state).toBe("ready");
});

test("another file is another version, and one that is gone is said to be", async () => {
  await put("lab", "one");
  const images = await openImages();
  await vi.waitFor(() => expect(images.find("lab")?.content?.sha256).toBe(sumOf("one")));
  await put("lab", "two");
  await images.refresh();
  await vi.waitFor(() => expect(images.find("lab")?.content?.sha256).toBe(sumOf("two")));
  await rm(at("lab.raw"));
  await images.refresh();
  expect(images.find("lab")).toMatchObject({
    state: "unusable",
    summary: { available: false, reason: "The image's file is missing on the server." },
  });
  await rm(at("lab.json"));
  await images.refresh();
  expect(images.list()).toEqual([]);
});

test("only files of the folder are given out, and no entry that names files of a host", async () => {
  const outside = path.join(tmpdir(), `${path.basename(folder)}-outside`);
  await mkdir(outside);
  try {
    await writeFile(path.join(outside, "secret"), "secret");
    await symlink(path.join(outside, "secret"), at("link.raw"));
    await writeFile(at("link.json"), JSON.stringify(entry("link")));
    const boot = { kind: "disk", format: "raw", file: path.join(outside, "secret") };
    await writeFile(at("far.json"), JSON.stringify(entry("far", { boot })));
    const shares = [{ tag: "etc", folder: "/etc" }];
    await put("shares", "x", { shares });
    await put("scripts", "x", { scripts: ["/etc/passwd"] });
    await put("empty", "");
    const kernel = { kind: "kernel", kernel: at("k"), initrd: at("i"), cmdline: "" };
    await writeFile(at("kernel.json"), JSON.stringify(entry("kernel", { boot: kernel })));
    const images = await openImages();
    expect(new Map(images.list().map(({ summary, state }) => [summary.id, [state, summary.reason]]))).toEqual(
      new Map([
        ["empty", ["unusable", "The image's file on the server is empty."]],
        ["far", ["unusable", "The image's file does not lie in the server's images folder."]],
        ["link", ["unusable", "The image's file does not lie in the server's images folder."]],
        ["scripts", ["unusable", "The server gives out no image that has shares or scripts."]],
        ["shares", ["unusable", "The server gives out no image that has shares or scripts."]],
      ]),
    );
  } finally {
    await rm(outside, { recursive: true });
  }
});

test("a catalogue file counts too, what is no entry does not disturb, and a folder must be there", async () => {
  await put("lab", "one");
  await put("own", "two");
  await rm(at("own.json"));
  await writeFile(at("catalogue.json"), JSON.stringify({ images: [entry("own")] }));
  await writeFile(at("broken.json"), "{");
  await writeFile(at("lab.part.json"), "{}");
  const images = await openImages();
  expect(images.list().map(({ summary }) => summary.id)).toEqual(["own", "lab"]);
  await expect(ServerImages.open(contextOf(at("none")))).rejects.toMatchObject({
    code: "SERVER_IMAGES",
  });
});
