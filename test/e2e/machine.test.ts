// A person makes a machine in the page and works at its screen; a native viewer reaches the same one.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { startDisplay, type XDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour, Bitmap } from "../support/bitmap.ts";
import { type PosternServer, startServerProgram } from "../support/postern.ts";
import { openTigerViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { createMachine, openWall, recordStates, waitForCanvas } from "./browser-steps.ts";

const BLUE: RgbColour = [0, 0, 168];
const BLACK: RgbColour = [0, 0, 0];

const cleanup = new CleanupStack();
let server: PosternServer;
let page: Page;
let display: XDisplay;

beforeAll(async () => {
  [server, display] = await Promise.all([
    startServerProgram(cleanup, { command: "up", args: ["--accel", "tcg"] }),
    startDisplay(cleanup),
  ]);
  page = await openWall(cleanup, server);
});
afterAll(() => cleanup.close());

/** memtest86+'s own screen: blue nearly everywhere. */
function isTesting(picture: Bitmap): boolean {
  return picture.count(BLUE, 12) > 0.6 * picture.width * picture.height;
}

/** Its configuration menu: a black box in the middle. */
function hasMenu(picture: Bitmap): boolean {
  const pixels = picture.width * picture.height;
  return picture.count(BLACK, 12) > 0.12 * pixels && picture.count(BLUE, 12) > 0.3 * pixels;
}

test("memtest86+ goes from queued to running on its monitor, with a live picture", async () => {
  const states = await recordStates(page);
  await createMachine(page, /Memtest86\+/);
  await page.locator('article.monitor[data-state="running"]').waitFor({ timeout: 60_000 });
  const seen = await states();
  const order = ["queued", "preparing", "booting", "running"];
  expect(seen).toEqual(order.filter((state) => seen.includes(state)));
  expect(seen[0]).toBe("queued");
  expect(seen).toContain("booting");
  const thumbnail = page.locator("article.monitor .picture");
  const look = () => thumbnail.screenshot();
  await waitFor("a picture in the monitor", async () => (await look()).length > 3000, { timeoutMs: 20_000 });
  const first = await look();
  await waitFor("a picture that lives", async () => !(await look()).equals(first), { timeoutMs: 20_000 });
});

test("a click opens its screen, which moves", async () => {
  await page
    .getByRole("link", { name: /^Connect/ })
    .first()
    .click();
  const first = await waitForCanvas(page, "memtest86+'s screen", isTesting);
  await waitForCanvas(page, "another picture", (picture) => picture.countDifferences(first) > 0);
});

test("F1 pressed in the browser opens the guest's configuration menu", async () => {
  await page.keyboard.press("F1");
  await waitForCanvas(page, "the menu", hasMenu);
  await page.keyboard.press("F10");
  await waitForCanvas(page, "the menu gone", isTesting);
});

test("F1 pressed in TigerVNC's viewer reaches the guest too, and the browser sees it", async () => {
  const [machine] = await server.ask<{ desktop: string }[]>("vm", "list");
  const viewer = await openTigerViewer(display, {
    port: server.rfb,
    password: await server.createToken(machine!.desktop),
  });
  await display.waitForColour(BLUE, 100_000);
  const { x, y } = await display.focusWindow(" - TigerVNC$");
  await display.clickAt(x + 300, y + 300);
  await display.pressKeys("F1");
  await waitForCanvas(page, "the menu", hasMenu);
  await display.pressKeys("F10");
  await waitForCanvas(page, "the menu gone", isTesting);
  await viewer.stop();
});

test("whoever is at its screen sees that somebody switches it off, and keeps it on", async () => {
  const [machine] = await server.ask<{ id: string; name: string }[]>("vm", "list");
  const bar = page.locator(".viewer-top");
  await page.mouse.move(400, 500);
  await page.mouse.move(410, 500);
  await page.locator('.viewer-top[data-shown="false"]').waitFor();
  // Its system knows no power button.
  await server.ask("vm", "stop", machine!.id);
  await bar.getByText(/Switched off in \d+ sec/).waitFor();
  await page.getByText(`${machine!.name} is switched off soon, unless it is kept on.`).waitFor();
  await page.mouse.move(420, 510);
  expect(await bar.getAttribute("data-shown")).toBe("true");
  await page.getByRole("button", { name: `Keep ${machine!.name} on` }).click();
  await bar.getByText(/Switched off in/).waitFor({ state: "detached" });
  await page.mouse.move(420, 500);
  await page.locator('.viewer-top[data-shown="false"]').waitFor();
});

test("a machine's name can be used once, and stopping it is seen on the wall", async () => {
  const [machine] = await server.ask<{ id: string; name: string }[]>("vm", "list");
  await expect(server.ask("vm", "create", "memtest86+", "--name", machine!.name)).rejects.toThrow(/name/i);
  await page.goto(`${server.origin}/`);
  const running = page.locator('article.monitor[data-state="running"]');
  await running.waitFor();
  // Its system knows no power button.
  await running.getByRole("button", { name: /^Stop / }).click();
  await page.getByRole("menuitem", { name: "Shut down" }).click();
  await page
    .getByRole("timer")
    .getByText(/Switched off in \d+ sec/)
    .waitFor();
  await page.getByRole("button", { name: `Keep ${machine!.name} on` }).click();
  await running.waitFor();
  await server.ask("vm", "stop", machine!.id, "--force");
  await page.locator('article.monitor[data-state="stopped"]').waitFor({ timeout: 20_000 });
});
