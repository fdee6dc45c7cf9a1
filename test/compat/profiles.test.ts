// A person saves a connection file in the page and opens it in TigerVNC's viewer.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { writeVncPassword } from "../support/vnc-password.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { openWall } from "../e2e/browser-steps.ts";

const DESKTOP = "lab-1";
const BACKGROUND: RgbColour = [0x30, 0x90, 0x50];

const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let display: XDisplay;
let page: Page;

beforeAll(async () => {
  [server, xvnc, display] = await Promise.all([
    startServerProgram(cleanup),
    startXvnc(cleanup),
    startDisplay(cleanup),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  page = await openWall(cleanup, server);
});
afterAll(() => cleanup.close());

async function save(name: RegExp): Promise<{ file: string; text: string }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name }).click(),
  ]);
  const file = path.join(await cleanup.makeFolder(), download.suggestedFilename());
  await download.saveAs(file);
  return { file, text: await readFile(file, "utf8") };
}

/** What somebody copies who selects the token on the page. */
async function selectToken(): Promise<string> {
  await page.locator(".token").click();
  return page.evaluate<string>("getSelection().toString()");
}

test("the sheet's files lead TigerVNC's viewer to the desktop, and hold no token", async () => {
  await page.getByRole("button", { name: "Open in a VNC viewer" }).click();
  const token = (await page.locator(".token .unseen").innerText()).replaceAll(" ", "");
  expect(await selectToken()).toBe(token);
  expect(await page.locator(".viewer-digits").innerText()).toBe(
    /Viewers show\s+(\S+)/.exec(server.process.stdout)?.[1],
  );
  const { file, text } = await save(/file for TigerVNC/);
  expect(path.basename(file)).toBe(`${DESKTOP}.tigervnc`);
  for (const name of [/file for RealVNC/, /file for UltraVNC/]) {
    const other = await save(name);
    expect(path.basename(other.file)).toBe(`${DESKTOP}.vnc`);
    expect(other.text).toContain(String(server.rfb));
    expect(other.text).not.toContain(token);
  }
  expect(text).not.toContain(token);
  const link = page.getByRole("link", { name: "Open", exact: true });
  expect(await link.getAttribute("href")).toBe(`vnc://127.0.0.1:${server.rfb}`);
  const password = await writeVncPassword(display.folder, token);
  const viewer = display.start("vncviewer", ["-passwd", password, "-Log", "*:stderr:30", file]);
  await display.waitForColour(BACKGROUND, 100_000);
  expect(await display.listWindowTitles()).toContain(`${DESKTOP} - TigerVNC`);
  await viewer.stop();
});
