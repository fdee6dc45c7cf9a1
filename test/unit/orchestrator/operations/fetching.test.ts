import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  IMAGE_PIECE_BYTES,
  RequestError,
  type HostFacts,
  type ImageSummary,
} from "../../../../protocol/index.ts";
import type { Image, Machine } from "../../../../web/index.ts";
import { openWebFixture, makeMachineStatus } from "../../../support/web-fixture.ts";

const ID = "lab";
const BYTES = 4 * IMAGE_PIECE_BYTES;
const FACTS: HostFacts = {
  cpus: 8,
  memoryMb: { total: 4096, free: 4096 },
  diskMb: { total: 100_000, free: 50_000 },
  load: 0,
  instances: { running: 0, max: 8 },
  accel: "kvm",
  gpus: [],
  dataDisks: [],
  serverImagesMb: 1000,
};

/** A host that takes images, as real ones do, and holds the second half of each until it is let. */
function imageReceivingHost(facts: Partial<HostFacts> = {}, own: ImageSummary[] = []) {
  const kept = { bytes: 0, sha256: "", checked: false };
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const isHere = (): boolean => kept.checked;
  const answers = {
    "host.facts": () => ({ ...FACTS, ...facts }),
    "image.list": () => (isHere() ? [{ ...LAB, sha256: kept.sha256 }] : own),
    "image.import": ({ sha256 }: { sha256: string }) => {
      if (sha256 !== kept.sha256) Object.assign(kept, { bytes: 0, sha256, checked: false });
      return { state: isHere() ? ("here" as const) : ("arriving" as const), bytes: kept.bytes };
    },
    "image.write": async ({ offset, data }: { offset: number; data: string }) => {
      if (offset >= BYTES / 2) await held;
      kept.bytes = offset + Buffer.byteLength(data, "base64");
      return { bytes: kept.bytes };
    },
    "image.check": () => {
      kept.checked = true;
      return { state: "here" as const, bytes: BYTES };
    },
    "machine.create": ({ id, name }: { id: string; name: string }) =>
      makeMachineStatus(id, { name, image: ID }),
  };
  return { answers, letGo };
}

const LAB: ImageSummary = {
  ...{ id: ID, title: "As the host has it", description: "", available: true },
  ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
};

async function open(entry: object = {}) {
  const imagesDir = await mkdtemp(path.join(tmpdir(), "postern-images-"));
  onTestFinished(() => rm(imagesDir, { recursive: true }));
  const file = path.join(imagesDir, "lab.raw");
  await writeFile(file, Buffer.alloc(BYTES, 1));
  const { memoryMb, cpus } = LAB;
  const about = { id: ID, title: "Lab", description: "", memoryMb, cpus, ...entry };
  await writeFile(
    path.join(imagesDir, "lab.json"),
    JSON.stringify({ ...about, boot: { kind: "disk", format: "raw", file } }),
  );
  const fixture = await openWebFixture({ imagesDir });
  const anna = await fixture.signIn("anna");
  const images = async () => (await fixture.askLocally("GET", "/api/v1/images")).body as Image[];
  await vi.waitFor(async () => expect((await images())[0]?.places?.server).toBe("ready"));
  const order = (as = anna) => fixture.ask("POST", "/api/v1/machines", { as, body: { image: ID } });
  const create = async () => (await order()).body as Machine;
  const show = async (id: string) =>
    (await fixture.ask("GET", `/api/v1/machines/${id}`, { as: anna })).body as Machine;
  return { ...fixture, anna, images, order, create, show };
}

test("a machine is preparing while its image comes, shows how far that is, and runs where it came to", async () => {
  const { proxy, create, show, images } = await open();
  const host = imageReceivingHost();
  proxy.connectHost("h1", host.answers);
  const { id } = await create();
  await vi.waitFor(async () =>
    expect(await show(id)).toMatchObject({
      state: "preparing",
      fetching: true,
      progress: 0.5,
      imageTitle: "Lab",
    }),
  );
  expect(proxy.count("h1", "machine.create")).toBe(0);
  expect((await images())[0]?.places).toEqual({ server: "ready", hosts: [] });
  host.letGo();
  await vi.waitFor(() => expect(proxy.count("h1", "machine.create")).toBe(1));
  await vi.waitFor(async () => expect(await show(id)).toMatchObject({ state: "preparing", progress: null }));
  expect((await show(id)).fetching).toBeUndefined();
  expect((await images())[0]).toMatchObject({
    title: "Lab",
    places: { server: "ready", hosts: ["name-of-h1"] },
  });
  expect(proxy.audited).toContainEqual(
    expect.objectContaining({ action: "image.send", outcome: "success", agentId: "h1", count: BYTES }),
  );
});

test("machines that want it at the same moment wait for one journey, to one host", async () => {
  const { proxy, create, show } = await open();
  const hosts = [imageReceivingHost(), imageReceivingHost()];
  proxy.connectHost("h1", hosts[0]!.answers);
  proxy.connectHost("h2", hosts[1]!.answers);
  const made = await Promise.all([create(), create(), create()]);
  for (const { id } of made) await vi.waitFor(async () => expect((await show(id)).fetching).toBe(true));
  for (const host of hosts) host.letGo();
  const count = (method: "image.write" | "machine.create") =>
    ["h1", "h2"].map((host) => proxy.count(host, method)).sort();
  await vi.waitFor(() => expect(count("machine.create")).toEqual([0, 3]));
  expect(count("image.write")).toEqual([0, 4]);
});

test("a host that has the image goes before one that would get it, and one that takes none is none", async () => {
  const { proxy, create, show } = await open();
  proxy.connectHost("takes", imageReceivingHost().answers);
  proxy.connectHost("has", imageReceivingHost({ memoryMb: { total: 4096, free: 200 } }, [LAB]).answers);
  const { id } = await create();
  await vi.waitFor(async () => expect((await proxy.stores.machines.find(id))?.agentId).toBe("has"));
  expect(proxy.count("takes", "image.import")).toBe(0);
  proxy.disconnect("takes");
  proxy.disconnect("has");
  const { serverImagesMb: _none, ...rest } = FACTS;
  proxy.connectHost("refuses", { ...imageReceivingHost().answers, "host.facts": () => rest });
  const second = await create();
  await vi.waitFor(async () =>
    expect((await show(second.id)).tried).toEqual([{ host: null, why: "does not offer the image" }]),
  );
  proxy.connectHost("small", imageReceivingHost({ serverImagesMb: 0 }).answers);
  await vi.waitFor(async () =>
    expect((await show(second.id)).tried).toContainEqual({
      host: null,
      why: "the image has 0 GB, and 0 GB are left for it",
    }),
  );
});

test("what the server says of who may use it counts, whatever a host says", async () => {
  const { proxy, order, signIn, ask } = await open({ allow: ["user:ben"] });
  proxy.connectHost("h1", imageReceivingHost({}, [LAB]).answers);
  expect(await order()).toMatchObject({ status: 403, body: { error: { code: "IMAGE_FORBIDDEN" } } });
  const ben = await signIn("ben");
  expect(await order(ben)).toMatchObject({ status: 201 });
  const offered = (await ask("GET", "/api/v1/images", { as: ben })).body as Image[];
  expect(offered).toMatchObject([{ id: ID, title: "Lab" }]);
  expect(offered[0]?.places).toBeUndefined();
});

test("one whose image cannot come waits and says why, and one that waits can be stopped", async () => {
  const { proxy, create, show, ask, anna } = await open();
  const full = "images: too much is in use.";
  const refusal = (code: string, text: string) => () => {
    throw RequestError.public(code, text);
  };
  proxy.connectHost("h1", {
    ...imageReceivingHost().answers,
    "image.import": refusal("HOST_IMAGES_FULL", full),
  });
  const { id } = await create();
  await vi.waitFor(async () => expect(await show(id)).toMatchObject({ state: "queued", reason: full }));
  proxy.disconnect("h1");
  const unsafe = 'The server\'s image "lab" cannot be used: it names a backing file.';
  const host = imageReceivingHost();
  host.letGo();
  proxy.connectHost("h2", { ...host.answers, "image.check": refusal("IMAGE_UNSAFE", unsafe) });
  await vi.waitFor(async () => expect(await show(id)).toMatchObject({ state: "failed", reason: unsafe }));
  expect(proxy.audited).toContainEqual(
    expect.objectContaining({ action: "image.send", outcome: "failure", reason: "IMAGE_UNSAFE" }),
  );
  proxy.disconnect("h2");
  const held = imageReceivingHost();
  proxy.connectHost("h3", held.answers);
  const second = await create();
  await vi.waitFor(async () => expect((await show(second.id)).fetching).toBe(true));
  await ask("POST", `/api/v1/machines/${second.id}/stop`, { as: anna });
  held.letGo();
  await vi.waitFor(() => expect(proxy.count("h3", "image.check")).toBe(1));
  expect(await show(second.id)).toMatchObject({ state: "stopped", progress: null });
  expect(proxy.count("h3", "machine.create")).toBe(0);
});
