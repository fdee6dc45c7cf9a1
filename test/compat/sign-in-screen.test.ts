// People with an account and no token: real viewers show the sign-in screen, and then the desktop in the same window, or by a code in
// a second one.
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { showForm, type ScreenPage } from "../../proxy/prompt/screen-state.ts";
import { fillWording, SCREEN_WORDS } from "../../proxy/prompt/screen-words.ts";
import type { Bitmap, RgbColour } from "../support/bitmap.ts";
import { openProfile, startBrowser } from "../support/browser.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { openTightViewer, openTigerViewer } from "../support/debian-viewers.ts";
import { readHandOverCode, showsPage, type ReadPixel } from "../support/painted-screen.ts";
import { type PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { readTotpCode } from "../support/totp-app.ts";
import { startX11vnc } from "../support/vnc-servers.ts";
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
/** The ground of the row that is chosen, which is the first one. */
const CHOSEN: RgbColour = [0xd5, 0xeb, 0xe5];
const WRONG: RgbColour = [0xa3, 0x20, 0x20];
const MOST = 150_000;
const DIALOG = "VNC authentication";
const NOVNC = fileURLToPath(new URL("../../node_modules/@novnc/novnc/", import.meta.url));
const STEP_MS = 30_000;
const KEPT = process.env.KEEP_PICTURES;

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
  await keep("tiger-list.png");
  await display.focusWindow("Postern - TigerVNC");
  await display.typeText("lab-2");
  await display.pressKeys("Return");
  await display.waitForColour(SECOND!, MOST);
  await keep("tiger-desktop.png");
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
  await viewer.waitForOutput(/The name, the\s+password or\s+the\s+token\s+is\s+wrong/);
  await viewer.stop();
});

test("a viewer without user names stays outside with another word", async () => {
  const viewer = await openTightViewer(display, { port: server.rfb, password: PASSWORD });
  await viewer.waitForOutput(/This token is wrong/);
  await viewer.stop();
});

async function keep(name: string): Promise<void> {
  if (KEPT !== undefined) await display.saveScreenshot(path.join(KEPT, name));
}

/** Waits until the window shows what is looked for. */
async function lookAt<T>(title: string, what: string, look: (read: ReadPixel) => T | null): Promise<T> {
  const { x: left, y: top } = await display.focusWindow(title);
  const readOf =
    (picture: Bitmap): ReadPixel =>
    (x, y) => {
      const [red, green, blue] = picture.at(left + x, top + y);
      return (red << 16) | (green << 8) | blue;
    };
  return await waitFor(what, async () => look(readOf(await display.takePicture())) ?? false, {
    timeoutMs: 30_000,
  });
}

function awaitPage(title: string, page: ScreenPage): Promise<true> {
  return lookAt(title, "the page", (read) => (showsPage(read, page) ? true : null));
}

async function typeLogin(name: string, password: string): Promise<void> {
  await display.typeText(name);
  await display.pressKeys("Tab");
  await display.typeText(password);
  await display.pressKeys("Return");
}

test("xtightvncviewer: the word, name and password on the screen, then by a code to the desktop", async () => {
  const first = await openTightViewer(display, { port: server.rfb, password: "sign-in" });
  await display.waitForColour(SCREEN, 50_000);
  // Its window gives keys to what is under the pointer.
  const { x, y } = await display.focusWindow("TightVNC: Postern");
  await display.clickAt(x + 200, y + 212);
  await typeLogin(NAME, "a wrong password");
  await keep("tight-typed.png");
  await display.waitForColour(WRONG, 100);
  await keep("tight-wrong.png");
  await typeLogin(`${NAME}@lab-2`, PASSWORD);
  const code = await lookAt("TightVNC: Postern", "the code", (read) => readHandOverCode(read, "lab-2"));
  await keep("tight-code.png");
  const second = await openTightViewer(display, { port: server.rfb, password: code });
  await display.waitForColour(SECOND!, MOST);
  expect(await display.listWindowTitles()).toContain("TightVNC: lab-2");
  await first.waitForExit();
  const [session] = await server.ask<Record<string, unknown>[]>("session", "list", "--state", "open");
  expect(session).toMatchObject({ method: "account", name: "lab-2", person: NAME });
  await second.stop();
  const again = await openTightViewer(display, { port: server.rfb, password: code });
  await again.waitForOutput(/This token is wrong/);
  await again.stop();
});

async function post(to: string, body: object, cookie = ""): Promise<{ answer: unknown; cookie: string }> {
  const request = https.request(`${server.origin}/api/v1${to}`, {
    ...{ method: "POST", rejectUnauthorized: false, agent: false },
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie },
  });
  request.end(JSON.stringify(body));
  const [response] = (await once(request, "response")) as [
    NodeJS.ReadableStream & { headers: { "set-cookie"?: string[] } },
  ];
  const set = response.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  return { answer: await json(response), cookie: set };
}

/** An account with an authenticator app; what the app shows from its next step on. */
async function addPersonWithApp(name: string): Promise<() => string> {
  const file = path.join(display.folder, "password");
  await server.ask("user", "add", name, "--role", "operator", "--password-file", file);
  const { cookie } = await post("/login", { name, password: PASSWORD });
  const { answer } = await post("/me/factors/totp", {}, cookie);
  const { id, uri } = answer as { id: string; uri: string };
  // The step before is taken, too: the next code need not be waited for.
  const code = readTotpCode(uri, Date.now() - STEP_MS);
  await post("/me/factors/totp/confirm", { id, code, name: "phone" }, cookie);
  return () => readTotpCode(uri, Date.now());
}

test("TigerVNC: the code of an app on the screen, a wrong one refused in words, the right one enters", async () => {
  const readCode = await addPersonWithApp("irene");
  const viewer = await openTiger("irene@lab-1", PASSWORD);
  await display.waitForColour(SCREEN, 50_000);
  await display.focusWindow("Postern - TigerVNC");
  const label = { en: "Code from your app", fr: "" };
  const fields = [{ name: "code", label, hidden: false, maxLength: 32 }];
  const alternatives = ["Use your app", "Use a recovery code"].map((en) => ({
    label: { en, fr: "" },
    fields,
  }));
  const page = (message: ScreenPage & { kind: "form" }) => awaitPage("Postern - TigerVNC", message);
  await page(showForm("irene", { fields, alternatives }, null));
  await keep("tiger-code.png");
  await display.typeText("000000");
  await display.pressKeys("Return");
  await page(showForm("irene", { fields, alternatives }, fillWording(SCREEN_WORDS.wrong, { tries: 4 })));
  await keep("tiger-wrong-code.png");
  await display.typeText(readCode());
  await display.pressKeys("Return");
  await display.waitForColour(FIRST!, MOST);
  await viewer.stop();
});

test("TigerVNC: while the desktop's side is asked, the screen says so and counts", async () => {
  const asked = await startX11vnc(cleanup, undefined, ["-accept", "sleep 20"]);
  await startAgentProgram(shared, server, { desktops: { "lab-3": asked.endpoint } });
  const viewer = await openTiger(NAME, PASSWORD);
  await display.waitForColour(SCREEN, 50_000);
  await display.focusWindow("Postern - TigerVNC");
  await display.typeText("lab-3");
  await display.pressKeys("Return");
  const pages = Array.from({ length: 10 }, (_, index): ScreenPage => {
    const text = fillWording(SCREEN_WORDS.waiting, { name: "lab-3", seconds: 70 - index });
    return { kind: "notice", title: SCREEN_WORDS.oneMoment, text, isBusy: true };
  });
  const find = (read: ReadPixel): true | null => (pages.some((page) => showsPage(read, page)) ? true : null);
  await lookAt("Postern - TigerVNC", "the time that is left", find);
  await keep("tiger-waiting.png");
  await viewer.stop();
});

/** noVNC as it is, on a page with nothing else. */
async function openNoVnc(address: string): Promise<Page> {
  const profile = await openProfile(await startBrowser(cleanup));
  const { origin } = server;
  // A page that the test hands in itself counts as one of the Internet.
  await profile.grantPermissions(["local-network-access"], { origin });
  const page = await profile.newPage();
  await page.route(`${origin}/novnc/**`, async (route) => {
    const file = decodeURIComponent(new URL(route.request().url()).pathname.slice("/novnc/".length));
    if (file === "")
      await route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><body><div id="screen" style="width:1100px;height:760px"></div>
<script type="module">
import RFB from "./core/rfb.js";
const rfb = new RFB(document.getElementById("screen"), ${JSON.stringify(address)}, {});
rfb.addEventListener("connect", () => rfb.focus());
rfb.addEventListener("desktopname", ({ detail }) => (document.title = detail.name));
</script>`,
      });
    else
      await route.fulfill({
        contentType: "text/javascript",
        body: await readFile(path.join(NOVNC, file)),
      });
  });
  await page.goto(`${origin}/novnc/`);
  return page;
}

/** In the corner, or at a place. */
async function waitForPixel(page: Page, colour: RgbColour, [x, y] = [-2, -2]): Promise<void> {
  await page.waitForFunction(
    `(() => {
      const canvas = document.querySelector("canvas");
      if (!canvas?.width) return false;
      const pixel = canvas.getContext("2d").getImageData((canvas.width + ${x}) % canvas.width, (canvas.height + ${y}) % canvas.height, 1, 1).data;
      return [${colour.join(", ")}].every((value, at) => Math.abs(pixel[at] - value) < 8);
    })()`,
    undefined,
    { timeout: 30_000 },
  );
}

test("noVNC with ?account: name and password on the screen, then the desktop in the same connection", async () => {
  const page = await openNoVnc(`${server.origin.replace("http", "ws")}/rfb?account`);
  await waitForPixel(page, SCREEN);
  await page.keyboard.type(NAME);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  if (KEPT !== undefined) await page.screenshot({ path: path.join(KEPT, "novnc-login.png") });
  await page.keyboard.press("Enter");
  await waitForPixel(page, CHOSEN, [600, 208]);
  if (KEPT !== undefined) await page.screenshot({ path: path.join(KEPT, "novnc-list.png") });
  await page.keyboard.type("lab-2");
  await page.keyboard.press("Enter");
  await waitForPixel(page, SECOND!);
  expect(await page.title()).toBe("lab-2");
  const [session] = await server.ask<Record<string, unknown>[]>("session", "list", "--state", "open");
  expect(session).toMatchObject({ method: "account", name: "lab-2", person: NAME });
});
