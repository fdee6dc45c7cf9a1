// Proves the test tools on real components without Postern, so that a failure elsewhere is Postern's.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import { pipeline } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { openProfile, startBrowser } from "../support/browser.ts";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { startTcpRecorder } from "../support/tcp-recorder.ts";
import {
  connectRfb,
  connectRfbOverWebSocket,
  RfbRefusal,
  type RfbClientVersion,
} from "../support/rfb-client.ts";
import { RectangleEncoding } from "../support/framebuffer.ts";
import { openTigerViewer, openTightViewer, takeViewerSnapshot } from "../support/debian-viewers.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const PASSWORD = "sEcret77";
const WRONG = "wrong111";
const NAME = "support-check";
const BACKGROUND: RgbColour = [0xc0, 0x20, 0x60];
const TERMINAL: RgbColour = [0x20, 0xc0, 0x60];
/** The terminal covers the rest of 640x480 pixels. */
const MOST = 150_000;

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let xvnc: Xvnc;
let display: XDisplay;

beforeAll(async () => {
  [xvnc, display] = await Promise.all([
    startXvnc(shared, { name: NAME, password: PASSWORD }),
    startDisplay(shared),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

test("TigerVNC's viewer shows Xvnc's picture", async () => {
  const viewer = await openTigerViewer(display, { port: xvnc.port, password: PASSWORD });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`${NAME} - TigerVNC`);
  await viewer.waitForOutput(/Choosing security type VncAuth/);
  await viewer.stop();
});

test("TigerVNC's viewer tells a refusal in its output and ends", async () => {
  const viewer = await openTigerViewer(display, { port: xvnc.port, password: WRONG });
  await viewer.waitForOutput(/Authentication failure: Authentication failure/);
  await viewer.waitForExit();
});

test("TigerVNC's viewer shows a refusal in a box when it is told to", async () => {
  const viewer = await openTigerViewer(display, { port: xvnc.port, password: WRONG, withErrorBox: true });
  await viewer.waitUntil("its box", async () =>
    (await display.listWindowTitles()).includes("TigerVNC Viewer"),
  );
  await display.waitForColour([0xdc, 0xdc, 0xdc], 20_000);
  await viewer.stop();
});

test("TightVNC's viewer shows Xvnc's picture, and tells a refusal", async () => {
  const viewer = await openTightViewer(display, { port: xvnc.port, password: PASSWORD });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`TightVNC: ${NAME}`);
  await viewer.stop();
  const refused = await openTightViewer(display, { port: xvnc.port, password: WRONG });
  await refused.waitForOutput(/Authentication failure/);
  expect(await refused.waitForExit()).toEqual({ code: 1, signal: null });
});

test("vncsnapshot takes Xvnc's picture, and tells a refusal", async () => {
  const { picture } = await takeViewerSnapshot(xvnc.display.folder, { port: xvnc.port, password: PASSWORD });
  expect(picture).toMatchObject({ width: 640, height: 480 });
  expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
  const refused = await takeViewerSnapshot(xvnc.display.folder, { port: xvnc.port, password: WRONG });
  expect(refused).toMatchObject({ code: 1, picture: undefined });
  expect(refused.output).toMatch(/authentication failed/i);
});

test("keys and clicks go through a viewer to a program on Xvnc", async () => {
  const desk = await startXvnc(cleanup);
  await desk.display.paintRoot(BACKGROUND);
  const typed = `${desk.display.folder}/typed`;
  const shellCommand = `read line; printf %s "$line" > ${typed}; cat`;
  desk.display.openTerminal({ background: "#20c060", shellCommand });
  await desk.display.waitForColour(TERMINAL, 20_000);
  const viewer = await openTigerViewer(display, { port: desk.port });
  await display.waitForColour(TERMINAL, 20_000);
  const { x, y } = await display.focusWindow("TigerVNC");
  await display.clickAt(x + 30, y + 40);
  await viewer.waitUntil("the pointer's arrival", async () =>
    (await desk.display.run("xdotool", ["getmouselocation"])).startsWith("x:30 y:40 "),
  );
  await display.typeText("hello, Xvnc");
  await display.pressKeys("Return");
  const text = await viewer.waitUntil("the typed line", () => readText(typed));
  expect(text).toBe("hello, Xvnc");
});

test.each<RfbClientVersion>(["3.3", "3.7", "3.8"])("the scripted viewer speaks RFB %s", async (version) => {
  const client = await connectRfb(cleanup, { host: "127.0.0.1", port: xvnc.port });
  const greeting = await client.handshake({ version, password: PASSWORD });
  expect(greeting).toMatchObject({ serverVersion: "RFB 003.008\n", name: NAME, width: 640, height: 480 });
  client.setEncodings(RectangleEncoding.raw);
  client.requestUpdate();
  const rectangles = await client.readUpdate();
  expect(rectangles.every(({ encoding }) => encoding === RectangleEncoding.raw)).toBe(true);
  expect(client.framebuffer.picture.count(BACKGROUND)).toBeGreaterThan(MOST);
});

test("the scripted viewer tells how it was refused", async () => {
  const client = await connectRfb(cleanup, { host: "127.0.0.1", port: xvnc.port });
  const refusal = await client.handshake({ password: WRONG }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RfbRefusal);
  expect(refusal).toMatchObject({ stage: "security-result", reason: "Authentication failure" });
});

test("the scripted viewer sees the desktop's new name", async () => {
  const desk = await startXvnc(cleanup, { name: "before" });
  const client = await connectRfb(cleanup, { host: "127.0.0.1", port: desk.port });
  await client.handshake();
  client.setEncodings(RectangleEncoding.raw, RectangleEncoding.desktopName);
  client.requestUpdate();
  await client.readUpdate();
  await desk.display.run("tigervncconfig", ["-display", desk.display.name, "-set", "desktop=after"]);
  client.requestUpdate({ incremental: true });
  const rectangles = await client.readUpdate();
  expect(rectangles).toContainEqual(expect.objectContaining({ name: "after" }));
});

test("the scripted viewer also speaks through a WebSocket", async () => {
  const bridge = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "binary" });
  cleanup.add({ stop: () => new Promise((resolve) => bridge.close(resolve)) });
  await once(bridge, "listening");
  bridge.on("connection", (socket) => {
    const stream = createWebSocketStream(socket);
    pipeline(stream, connect(xvnc.port, "127.0.0.1"), stream, () => undefined);
  });
  const url = `ws://127.0.0.1:${(bridge.address() as AddressInfo).port}`;
  const client = await connectRfbOverWebSocket(cleanup, url, ["binary"]);
  expect(client.protocol).toBe("binary");
  expect(await client.handshake({ password: PASSWORD })).toMatchObject({ name: NAME });
});

test("the recorder sees what both sides said, also towards a Unix socket", async () => {
  const desk = await startXvnc(cleanup, { name: "on a socket", onUnixSocket: true });
  const recorder = await startTcpRecorder(cleanup, { path: desk.socket });
  const client = await connectRfb(cleanup, { host: "127.0.0.1", port: recorder.port });
  await client.handshake();
  expect(recorder.received().includes("on a socket")).toBe(true);
  expect(recorder.sent().subarray(0, 12).toString()).toBe("RFB 003.008\n");
  expect(recorder.connections).toBe(1);
  recorder.cut();
  await client.reader.readToEnd();
});

test("Xvnc without -AlwaysShared drops the others for a viewer that asks for it", async () => {
  const desk = await startXvnc(cleanup);
  const [first, second] = [
    await connectRfb(cleanup, { host: "127.0.0.1", port: desk.port }),
    await connectRfb(cleanup, { host: "127.0.0.1", port: desk.port }),
  ];
  await first.handshake({ shared: true });
  await second.handshake({ shared: false });
  await first.reader.readToEnd();
  expect(second.reader.hasEnded).toBe(false);
});

test("Chromium opens a page", async () => {
  const browser = await startBrowser(cleanup);
  const page = await (await openProfile(browser)).newPage();
  await page.goto("data:text/html,<title>here</title><p>A page</p>");
  expect(await page.title()).toBe("here");
});

function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").then(
    (text) => (text === "" ? undefined : text),
    () => undefined,
  );
}
