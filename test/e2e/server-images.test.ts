// An image of the server comes to a host when a machine wants it, by the agent's own way out, and boots there.
import { randomBytes } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COUNTER, writeBootDisk } from "../support/boot-sector.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  type PosternProgram,
  type PosternServer,
  runJson,
  runPostern,
  startHostProgram,
  startServerProgram,
} from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";

interface Row {
  readonly id: string;
  readonly state: string;
  readonly host: string;
}

const BYTES = 12 * 1024 * 1024;
const cleanup = new CleanupStack();
let images: string;
let server: PosternServer;
let host: PosternProgram;

beforeAll(async () => {
  images = join(await cleanup.makeFolder(), "images");
  const disk = join(await cleanup.makeFolder(), "counter.raw");
  await writeBootDisk(disk, COUNTER, BYTES);
  const file = await open(disk, "r+");
  await file.write(randomBytes(BYTES / 2), 0, BYTES / 2, BYTES / 2);
  await file.close();
  const what = ["--format", "raw", "--memory", "32", "--title", "Counter", "--images", images];
  await runJson(["image", "import", "counter", disk, ...what]);
  server = await startServerProgram(cleanup, { args: ["--server-images", images] });
  // Only HTTPS passes: the image comes inside the WebSocket's own TLS.
  host = await startHostProgram(cleanup, server, {
    args: ["--accel", "tcg", "--transport", "websocket", "--name", "rack-1"],
  });
});
afterAll(() => cleanup.close());

async function run(name: string): Promise<Row> {
  const made = await server.ask<Row>(
    "vm",
    "create",
    "counter",
    "--name",
    name,
    "--network",
    "none",
    "--wait",
  );
  await waitFor(
    `${name} to have booted`,
    async () => {
      const { text } = await server.ask<{ text: string }>("vm", "boot-log", made.id);
      return text.includes("Sabc") ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
  return made;
}

const sent = () =>
  server.ask<{ state: string; count: number | null }[]>("audit", "list", "--action", "image.send");

test("a machine's image comes from the server and boots; the next machine has it already", async () => {
  const before = await server.ask<object[]>("vm", "images");
  expect(before).toContainEqual(
    expect.objectContaining({ id: "counter", places: { server: "ready", hosts: [] } }),
  );
  expect(await run("first")).toMatchObject({ state: "running", host: "rack-1" });
  await run("second");
  const { size } = await stat(join(images, "counter.qcow2"));
  expect(await sent()).toMatchObject([{ state: "success", count: size }]);
  const after = await runPostern(["vm", "images", "--data", server.data]);
  expect(after.stdout).toMatch(/^counter +Counter +32 MB +server, rack-1 +ready$/m);
  const listed = await runJson<object[]>(["image", "list", "--data", host.data]);
  expect(listed).toContainEqual(expect.objectContaining({ id: "counter", from: "server", available: true }));
  const files = await readdir(join(host.data, "images"));
  expect(files.filter((name) => name.startsWith("counter."))).toHaveLength(2);
});

test("the host's administrator can refuse, and takes the server's images away", async () => {
  for (const { id } of await server.ask<Row[]>("vm", "list")) await server.ask("vm", "remove", id);
  await runJson(["image", "remove", "counter", "--data", host.data]);
  await host.start(["--server-images-gb", "0"]);
  const { id } = await server.ask<Row>("vm", "create", "counter");
  const reason = await waitFor("a reason", async () => {
    const [row] = await server.ask<{ id: string; reason: string | null }[]>("vm", "list");
    return row?.id === id ? (row.reason ?? undefined) : undefined;
  });
  expect(reason).toBe("No connected host offers counter. The machine starts as soon as one does.");
  await host.start();
  let row: Row | undefined;
  await waitFor(
    "it to run",
    async () => {
      [row] = await server.ask<Row[]>("vm", "list");
      return row?.state === "running" ? true : undefined;
    },
    { timeoutMs: 60_000, explain: () => JSON.stringify(row) },
  );
  expect(await sent()).toHaveLength(2);
});
