// A boot script from the command line and from the page, by a server, to the machine's seed; its secret for its owner.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { COUNTER, writeBootDisk } from "../support/boot-sector.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, runPostern, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Machine } from "../../web/index.ts";
import { openWall, readFirstLogin } from "./browser-steps.ts";

const SCRIPT = "exec: echo from @USER@ with @CREDENTIAL@\n";
const cleanup = new CleanupStack();
let folder: string;
let server: PosternServer;
let page: Page;

beforeAll(async () => {
  folder = await cleanup.makeFolder();
  const file = join(folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
  const image = { id: "lab", title: "Lab system", description: "", ...amounts, script: "cloud-init" };
  const catalogue = join(folder, "catalogue.json");
  const boot = { kind: "disk", format: "raw", file };
  await writeFile(catalogue, JSON.stringify({ images: [{ ...image, boot }] }));
  await writeFile(join(folder, "setup.txt"), SCRIPT);
  await mkdir(join(folder, "scripts"));
  server = await startServerProgram(cleanup, {
    command: "up",
    args: ["--accel", "tcg", "--catalogue", catalogue, "--boot-scripts", join(folder, "scripts")],
  });
  page = await openWall(cleanup, server);
});
afterAll(() => cleanup.close());

/** What the machine's seed says, with the scripts in it as they run. */
async function readSeed(id: string): Promise<string> {
  const seed = await readFile(join(server.data, "host/machines", id, "seed.iso"), "latin1");
  return [...seed.matchAll(/^[A-Za-z0-9+/=]{40,76}(?:\n[A-Za-z0-9+/=]+)*$/gm)]
    .map(([part]) => Buffer.from(part, "base64").toString())
    .join("");
}

test("vm create --script gives a machine its script, and vm show the secret in it", async () => {
  const script = join(folder, "setup.txt");
  const made = await server.ask<Machine>("vm", "create", "lab", "--name", "one", "--script", script);
  const shown = await waitFor("its secret", async () => {
    const row = await server.ask<{ credential: string | null }>("vm", "show", made.id);
    return row.credential === null ? undefined : row;
  });
  const { name } = readFirstLogin(server);
  expect(await readSeed(made.id)).toBe(`#!/bin/sh\necho from ${name} with ${shown.credential!}\n\n`);
  const { stdout } = await runPostern(["vm", "show", made.id, "--data", server.data]);
  expect(stdout).toContain(`Secret of its boot scripts: ${shown.credential!}\n`);
  const everything = JSON.stringify([await server.ask("vm", "list"), await server.ask("audit", "list")]);
  expect(everything).toContain("machine.credential");
  expect(everything).not.toContain(shown.credential!);
  expect(await readFile(join(server.data, "postern.log"), "utf8")).not.toContain(shown.credential!);
});

test("a script that is badly written is refused with its fault", async () => {
  const script = join(folder, "wrong.txt");
  await writeFile(script, "exec: echo @PW@");
  const made = await server.ask<Machine>("vm", "create", "lab", "--name", "two", "--script", script);
  const { reason } = await waitFor("its refusal", async () => {
    const row = await server.ask<Machine>("vm", "show", made.id);
    return row.state === "failed" ? row : undefined;
  });
  expect(reason).toMatch(/Write @CREDENTIAL@ for a secret/);
});

test("the page takes a script too, and shows its owner the secret", async () => {
  await page
    .getByRole("button", { name: /New machine|Create your first machine/ })
    .first()
    .click();
  const panel = page.getByRole("dialog");
  await panel.locator("label.image-card", { hasText: "Lab system" }).click();
  await panel.getByText("Advanced").click();
  await panel.getByLabel("Boot script").fill(SCRIPT);
  await panel.getByRole("button", { name: "Create machine" }).click();
  await panel.waitFor({ state: "detached" });
  const monitor = page.locator('article.monitor[data-state="running"]', { hasText: "lab-1" });
  await monitor.getByRole("button", { name: /^More/ }).click();
  await page.getByRole("menuitem", { name: /^Secret of the boot script/ }).click();
  const secret = await page.getByLabel("Secret of the boot script").textContent();
  const id = (await monitor.getAttribute("data-machine"))!;
  expect(await readSeed(id)).toContain(`with ${secret!}\n`);
});

test("a host is not started with half of what it needs", async () => {
  const host = [
    "host",
    "--proxy",
    "127.0.0.1:9",
    "--fingerprint",
    "0".repeat(64),
    "--data",
    join(folder, "x"),
  ];
  for (const flags of [["--boot-scripts", join(folder, "nowhere")], ["--boot-script-network"]]) {
    const { code, stderr } = await runPostern([...host, ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--boot-scripts")]);
  }
});
