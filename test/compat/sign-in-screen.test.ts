// People with an account and no token: real viewers show the sign-in screen, and then the desktop in the same window.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RgbColour } from "../support/bitmap.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { openTightViewer, openTigerViewer } from "../support/debian-viewers.ts";
import { type PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import { startDisplay, type XDisplay } from "../support/x-display.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const NAME = "marie";
const PASSWORD = "radium and polonium";
const [FIRST, SECOND]: readonly RgbColour[] = [
  [0x20, 0x60, 0xc0],
  [0xc0, 0x80, 0x20],
];
/** The ground of the sign-in screen. */
const SCREEN: RgbColour = [0xe9, 0xee, 0xec];
const MOST = 150_000;
const DIALOG = "VNC authentication";

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let display: XDisplay;
let desktops: readonly Xvnc[];
let caFile: string;

beforeAll(async () => {
  [server, display, desktops] = await Promise.all([
    startServerProgram(shared),
    startDisplay(shared, { width: 1400, height: 1000 }),
    Promise.all([startXvnc(shared), startXvnc(shared, { width: 1024, height: 700 })]),
  ]);
  const [one, two] = desktops as [Xvnc, Xvnc];
  await one.display.paintRoot(FIRST!);
  await two.display.paintRoot(SECOND!);
  await startAgentProgram(shared, server, { desktops: { "lab-1": one.endpoint, "lab-2": two.endpoint } });
  const file = path.join(display.folder, "password");
  await writeFile(file, PASSWORD, { mode: 0o600 });
  await server.ask("user", "add", NAME, "--role", "operator", "--password-file", file);
  caFile = path.join(display.folder, "ca.pem");
  await writeFile(caFile, (await runPostern(["ca", "--data", server.data])).stdout);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

async function openTiger(user: string, password: string) {
  const args = ["-SecurityTypes", "X509Plain", "-X509CA", caFile];
  const viewer = await openTigerViewer(display, { port: server.listen, args });
  await waitFor("the dialog", async () => (await display.listWindowTitles()).includes(DIALOG));
  await display.focusWindow(DIALOG);
  await display.typeText(user);
  await display.pressKeys("Tab");
  await display.typeText(password);
  await display.pressKeys("Return");
  return viewer;
}

test("TigerVNC: name and password, a choice on the screen, then the desktop in the same window", async () => {
  const viewer = await openTiger(NAME, PASSWORD);
  await display.waitForColour(SCREEN, 50_000);
  const kept = process.env.KEEP_PICTURES;
  if (kept !== undefined) await display.saveScreenshot(path.join(kept, "tiger-list.png"));
  await display.focusWindow("Postern - TigerVNC");
  await display.typeText("lab-2");
  await display.pressKeys("Return");
  await display.waitForColour(SECOND!, MOST);
  if (kept !== undefined) await display.saveScreenshot(path.join(kept, "tiger-desktop.png"));
  await waitFor("the desktop's name", async () =>
    (await display.listWindowTitles()).includes("lab-2 - TigerVNC"),
  );
  const typed = path.join(display.folder, "typed");
  const [, two] = desktops as [Xvnc, Xvnc];
  two.display.openTerminal({ background: "white", shellCommand: `read line; echo "$line" > ${typed}` });
  await two.display.waitForColour([255, 255, 255], 10_000);
  const { x, y } = await display.focusWindow("lab-2 - TigerVNC");
  await display.clickAt(x + 60, y + 60);
  await display.typeText("hello");
  await display.pressKeys("Return");
  await waitFor("what was typed", async () => (await readFile(typed, "utf8").catch(() => "")) === "hello\n");
  const [session] = await server.ask<Record<string, unknown>[]>("session", "list", "--state", "open");
  expect(session).toMatchObject({ method: "account", name: "lab-2", person: NAME });
  await viewer.stop();
});

test("TigerVNC with NAME@DESKTOP is there at once", async () => {
  const viewer = await openTiger(`${NAME}@lab-1`, PASSWORD);
  await display.waitForColour(FIRST!, MOST);
  expect(await display.listWindowTitles()).toContain("lab-1 - TigerVNC");
  await viewer.stop();
});

test("TigerVNC with a wrong password is refused in words", async () => {
  const viewer = await openTiger(NAME, "a wrong password");
  await viewer.waitForOutput(/The name or the password is wrong/);
  await viewer.stop();
});

test("a viewer without user names stays outside", async () => {
  const viewer = await openTightViewer(display, { port: server.rfb, password: PASSWORD });
  await viewer.waitForOutput(/This token is wrong/);
  await viewer.stop();
});
