// A machine of two monitors, from the command line to the page: each is a desktop, and both are the machine's.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import type { Machine } from "../../web/index.ts";
import { COUNTER, writeBootDisk } from "../support/boot-sector.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour, Bitmap } from "../support/bitmap.ts";
import { type PosternServer, runPostern, startServerProgram } from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { openWall, waitForCanvas } from "./browser-steps.ts";

const BLUE: RgbColour = [0, 0, 168];
const cleanup = new CleanupStack();
let server: PosternServer;
let page: Page;

beforeAll(async () => {
  const folder = await cleanup.makeFolder();
  const file = join(folder, "base.raw");
  await writeBootDisk(file, COUNTER);
  const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
  const boot = { kind: "disk", format: "raw", file };
  const image = { id: "lab", title: "Lab system", description: "", ...amounts, display: "virtio", boot };
  const catalogue = join(folder, "catalogue.json");
  await writeFile(catalogue, JSON.stringify({ images: [image] }));
  server = await startServerProgram(cleanup, {
    command: "up",
    args: ["--accel", "tcg", "--catalogue", catalogue],
  });
  page = await openWall(cleanup, server);
});
afterAll(() => cleanup.close());

/** Only the first screen is painted by the guest. */
const isFirst = (picture: Bitmap): boolean => picture.count(BLUE, 12) > 0.5 * picture.width * picture.height;
const isSecond = (picture: Bitmap): boolean => picture.width > 0 && picture.count(BLUE, 12) === 0;

test("the command line orders two monitors, lists both, and names them to viewers", async () => {
  const made = await server.ask<Machine>("vm", "create", "lab", "--name", "one", "--monitors", "2", "--wait");
  const row = await waitFor("both screens", async () => {
    const [found] = await server.ask<Machine[]>("vm", "list");
    return found?.desktopId !== null && found?.screens.length === 1 ? found : undefined;
  });
  expect(row).toMatchObject({ id: made.id, desktop: "one", screens: [{ number: 2, desktop: "one-2" }] });
  const { stdout } = await runPostern(["vm", "show", "one", "--data", server.data]);
  expect(stdout).toContain("Further screens: one-2\n");
  await expect(server.ask("vm", "create", "lab", "--name", "one-2")).rejects.toThrow(/name/i);

  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await viewer.handshake({ password: await server.createToken("one-2") });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  await viewer.readUpdate();
  expect(isSecond(viewer.framebuffer.picture)).toBe(true);
  await viewer.stop();
});

test("the monitor opens the first screen and leads to the other by keys alone, and the bar back", async () => {
  await page.getByRole("link", { name: "Connect", exact: true }).focus();
  await page.keyboard.press("Tab");
  await expect(page.locator(":focus").getAttribute("aria-label")).resolves.toBe("Screen 2 of one");
  await page.keyboard.press("Enter");
  await page.locator('.viewer[data-phase="open"]').waitFor();
  await waitForCanvas(page, "the second screen", isSecond);
  expect(await page.title()).toMatch(/^one-2 /);
  await page.reload();
  await page.locator('.viewer[data-phase="open"]').waitFor();
  await waitForCanvas(page, "the second screen again", isSecond);
  expect(await page.title()).toMatch(/^one-2 /);

  await page.getByRole("button", { name: "Other screens" }).press("Enter");
  await page.locator("[role=menuitem]:focus", { hasText: "Screen 1" }).waitFor();
  await page.keyboard.press("Enter");
  await waitForCanvas(page, "the first screen", isFirst);
  expect(await page.title()).toMatch(/^one /);
});

test("a second screen that was left on comes back there when the machine does", async () => {
  await page.goto(`${server.origin}/`);
  await page.getByRole("link", { name: "Screen 2 of one" }).click();
  await page.locator('.viewer[data-phase="open"]').waitFor();
  await server.ask("vm", "stop", "one", "--force");
  await page.getByRole("heading", { name: /one-2/ }).waitFor();
  await server.ask("vm", "start", "one");
  await page.locator('.viewer[data-phase="open"]').waitFor({ timeout: 30_000 });
  await waitForCanvas(page, "the second screen", isSecond);
});

test("both go with the machine", async () => {
  await server.ask("vm", "remove", "one");
  const desktops = await server.ask<{ name: string }[]>("desktop", "list");
  expect(desktops.map(({ name }) => name).filter((name) => name.startsWith("one"))).toEqual([]);
  expect(await server.ask("token", "list")).toEqual([]);
});
