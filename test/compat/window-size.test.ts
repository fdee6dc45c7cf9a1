// The viewer page asks a real VNC server for the browser window's size, when the person wants that and may have it.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { openWall, waitForCanvas } from "../e2e/browser-steps.ts";

const shared = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let page: Page;

beforeAll(async () => {
  [server, xvnc] = await Promise.all([startServerProgram(shared), startXvnc(shared)]);
  await startAgentProgram(shared, server, { desktops: { "lab-1": xvnc.endpoint } });
  page = await openWall(shared, server);
});
afterAll(() => shared.close());

async function readDesktopSize(): Promise<string | undefined> {
  return /-geometry (\d+x\d+)/.exec(await xvnc.display.run("xwininfo", ["-root"]))?.[1];
}

function waitForDesktopSize(size: string): Promise<unknown> {
  return waitFor(`a desktop of ${size}`, async () => (await readDesktopSize()) === size);
}

async function openViewer(): Promise<void> {
  const [desktop] = await server.listDesktops();
  await page.goto(`${server.origin}/view/${desktop!.id}`);
  await waitForCanvas(page, "the picture", ({ width }) => width > 0);
}

async function pressFollow(): Promise<void> {
  await page.mouse.move(640, 8);
  const button = page.getByRole("button", { name: "Desktop takes the window’s size" });
  await page.mouse.move(400, 2);
  await button.click();
}

test("the desktop keeps its size until it is asked to follow the window, and then follows", async () => {
  await openViewer();
  expect(await readDesktopSize()).toBe("640x480");
  await pressFollow();
  await waitForDesktopSize("1280x800");
  await page.setViewportSize({ width: 900, height: 620 });
  await waitForDesktopSize("900x620");
  await waitForCanvas(page, "the new size", ({ width, height }) => width === 900 && height === 620);
});

test("a person who may not resize changes nothing, and still sees the picture", async () => {
  await page.route("**/api/v1/tickets", (route) =>
    route.continue({ postData: { ...(route.request().postDataJSON() as object), deny: ["resize"] } }),
  );
  await openViewer();
  await pressFollow();
  await page.setViewportSize({ width: 1000, height: 700 });
  // A change that Xvnc makes by itself comes after whatever the page asked for.
  await xvnc.display.paintRoot([0x20, 0x60, 0xc0]);
  await waitForCanvas(page, "the colour", (picture) => picture.count([0x20, 0x60, 0xc0], 4) > 150_000);
  expect(await readDesktopSize()).toBe("900x620");
});
