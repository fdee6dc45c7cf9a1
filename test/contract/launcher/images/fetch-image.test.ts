import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  fetchImage,
  fetchNewImage,
  ImageStore,
  wasFetched,
  type NewImageSource,
} from "../../../../launcher/index.ts";
import { imageEntry, systemClock } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runProcess } from "../../../support/test-process.ts";

let cleanup: CleanupStack;
let folder: string;
let store: ImageStore;
let content: Buffer | null;
let version: string;
let url: string;
/** Runs before the server answers. */
let onAsked: () => Promise<void>;

beforeEach(async () => {
  cleanup = new CleanupStack();
  folder = await cleanup.makeFolder();
  store = await ImageStore.open({ folder: join(folder, "images"), catalogueFile: null });
  cleanup.add({ stop: async () => Promise.resolve(store.close()) });
  content = null;
  version = '"one"';
  onAsked = () => Promise.resolve();
  const answer: RequestListener = (request, response) => {
    if (content === null) response.writeHead(404).end();
    else if (request.headers["if-none-match"] === version) response.writeHead(304).end();
    else response.writeHead(200, { etag: version, "content-length": content.length }).end(content);
  };
  const server = createServer((request, response) => {
    void onAsked().then(() => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add({ stop: () => new Promise((resolve) => server.close(resolve)) });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
});
afterEach(() => cleanup.close());

async function makeDisk(format: string): Promise<Buffer> {
  const file = join(folder, `disk.${format}`);
  await runProcess("qemu-img", ["create", "-q", "-f", format, file, "1M"]);
  return readFile(file);
}

function makeIso(): Buffer {
  const iso = Buffer.alloc(40_960);
  iso.write("CD001", 32_769, "latin1");
  return iso;
}

const options = (used: ReadonlySet<string> = new Set()) => ({
  ...{ maxBytes: 10_000_000, environment: {}, clock: systemClock, used: () => Promise.resolve(used) },
  ...{ signal: new AbortController().signal, onProgress: () => undefined },
});

const entryOf = (id: string, boot: object, source: object) =>
  imageEntry.parse({
    ...{ id, title: id, description: "", boot, source },
    ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
  });

function fetchNew(id: string, format: NewImageSource["format"] = null) {
  const describe: NewImageSource["describe"] = (boot) => Promise.resolve(entryOf(id, boot, { url }));
  return fetchNewImage(store, { id, url, sha256: null, format, describe }, options());
}

test("a download that fails leaves no entry, so the next one may name another format", async () => {
  await expect(fetchNew("lab", "vdi")).rejects.toMatchObject({ code: "DOWNLOAD_REFUSED" });
  content = await makeDisk("qcow2");
  await expect(fetchNew("lab", "vdi")).rejects.toMatchObject({ code: "IMAGE_UNSAFE" });
  expect(await readdir(store.folder)).toEqual([]);
  const { entry } = await fetchNew("lab", "qcow2");
  expect(entry.boot).toMatchObject({ kind: "disk", format: "qcow2" });
  expect(store.find("lab")).toEqual(entry);
  expect(await wasFetched(store, entry)).toBe(true);
});

test.each(["qcow2", "vdi", "vmdk", "vpc", "vhdx"])("a %s is one by its content", async (format) => {
  content = await makeDisk(format);
  expect((await fetchNew("lab")).entry.boot).toMatchObject({ kind: "disk", format });
});

test("so is an ISO, and what is nothing that is known is refused", async () => {
  content = makeIso();
  expect((await fetchNew("cd")).entry.boot).toMatchObject({ kind: "iso" });
  content = Buffer.alloc(10_000, "text");
  await expect(fetchNew("lab")).rejects.toMatchObject({ code: "IMAGE_FORMAT" });
  expect(store.isOwn("lab")).toBe(false);
});

test("an image that another program makes, changes or removes while its file comes is not lost, nor made again", async () => {
  content = await makeDisk("qcow2");
  const other = await ImageStore.open({ folder: store.folder, catalogueFile: null });
  cleanup.add({ stop: async () => Promise.resolve(other.close()) });
  const file = join(folder, "theirs.qcow2");
  await writeFile(file, content);
  const theirs = entryOf("lab", { kind: "disk", format: "qcow2", file }, { url });
  const describe: NewImageSource["describe"] = async (boot) => {
    await other.add(theirs);
    return entryOf("lab", boot, { url });
  };
  const late = fetchNewImage(store, { id: "lab", url, sha256: null, format: null, describe }, options());
  await expect(late).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
  expect(other.find("lab")).toEqual(theirs);
  expect(await readdir(store.folder)).toEqual(["lab.json"]);
  await other.remove("lab");

  const { entry } = await fetchNew("lab");
  content = await makeDisk("qcow2");
  version = '"three"';
  onAsked = async () => void (await other.put({ ...other.find("lab"), title: "Theirs" }));
  await fetchImage(store, entry, options());
  expect(store.find("lab").title).toBe("Theirs");
  version = '"four"';
  onAsked = () => other.remove("lab");
  await expect(fetchImage(store, entry, options())).rejects.toMatchObject({ code: "IMAGE_UNKNOWN" });
  expect(await readdir(store.folder)).toEqual([]);
});

test("another address or checksum is stored when it was good, and not before", async () => {
  content = await makeDisk("qcow2");
  const { entry } = await fetchNew("lab");
  version = '"two"';
  const sha256 = "0".repeat(64);
  const wrong = fetchImage(store, { ...entry, source: { ...entry.source!, sha256 } }, options());
  await expect(wrong).rejects.toMatchObject({ code: "DOWNLOAD_CHECKSUM" });
  expect(store.find("lab").source?.sha256).toBeUndefined();
});

test("an image of the catalogue is refreshed where its file is, but not under a machine", async () => {
  const file = join(folder, "lab.qcow2");
  const catalogueFile = join(folder, "catalogue.json");
  const entry = entryOf("lab", { kind: "disk", format: "qcow2", file }, { url });
  await writeFile(catalogueFile, JSON.stringify({ images: [entry] }));
  const listed = await ImageStore.open({ folder: store.folder, catalogueFile });
  cleanup.add({ stop: async () => Promise.resolve(listed.close()) });
  expect(await wasFetched(listed, entry)).toBe(false);
  content = await makeDisk("qcow2");
  await fetchImage(listed, listed.find("lab"), options());
  expect(existsSync(file)).toBe(true);
  expect(await wasFetched(listed, entry)).toBe(true);
  expect(await fetchImage(listed, listed.find("lab"), options())).toMatchObject({ changed: false });
  version = '"two"';
  content = Buffer.concat([content, Buffer.alloc(65_536)]);
  const used = fetchImage(listed, listed.find("lab"), options(new Set([file])));
  await expect(used).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
  expect(await fetchImage(listed, listed.find("lab"), options())).toMatchObject({ changed: true });
  expect((await readFile(file)).length).toBe(content.length);
});
