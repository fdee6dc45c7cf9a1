// What a viewer receives is recorded and searched for everything that would tell where the desktop is.
import { hostname, userInfo } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { type TcpRecorder, startTcpRecorder } from "../support/tcp-recorder.ts";
import { connectRfb, RfbRefusal } from "../support/rfb-client.ts";
import { RectangleEncoding } from "../support/framebuffer.ts";
import { openTightViewer, openTigerViewer, takeViewerSnapshot } from "../support/debian-viewers.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const CANARY = "CANARY-NAME";
const RENAMED = "CANARY-RENAMED";
const DESKTOP = "public-name";
const BACKGROUND: RgbColour = [0x60, 0x20, 0xa0];
const DESKTOP_NAME = -307;

const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let display: XDisplay;
let recorder: TcpRecorder;
let softwareVersion: string;

beforeAll(async () => {
  [server, xvnc, display] = await Promise.all([
    startServerProgram(cleanup),
    startXvnc(cleanup, { name: CANARY }),
    startDisplay(cleanup),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  recorder = await startTcpRecorder(cleanup, { port: server.rfb, host: "127.0.0.1" });
  const { stderr, stdout } = await runProcess("Xvnc", ["-version"]);
  softwareVersion = /Xvnc TigerVNC (\d+\.\d+\.\d+)/.exec(stdout + stderr)![1]!;
});
afterAll(() => cleanup.close());

function expectNothingLearned(bytes: Buffer): void {
  const seen = bytes.toString("latin1").toLowerCase();
  const secrets = [
    CANARY,
    RENAMED,
    "TigerVNC",
    "Xvnc",
    softwareVersion,
    hostname(),
    `${userInfo().username}@`,
  ];
  for (const secret of secrets) {
    expect(seen.includes(secret.toLowerCase()), `"${secret}" reached the viewer`).toBe(false);
    const wide = Buffer.from(secret.toLowerCase(), "utf16le").toString("latin1");
    expect(seen.includes(wide), `"${secret}" reached the viewer in UTF-16`).toBe(false);
  }
}

test("the search finds the canary when a viewer goes to the VNC server directly", async () => {
  const direct = await connectRfb(cleanup, { port: xvnc.port, host: "127.0.0.1" });
  await direct.handshake();
  expect(() => expectNothingLearned(direct.received())).toThrow(CANARY);
});

test("a desktop that renames itself tells a viewer that asks for DesktopName directly, and nothing through Postern", async () => {
  const password = await server.createToken(DESKTOP);
  const viewers = [
    await connectRfb(cleanup, { port: xvnc.port, host: "127.0.0.1" }),
    await connectRfb(cleanup, { port: recorder.port, host: "127.0.0.1" }),
  ];
  await viewers[0]!.handshake();
  expect(await viewers[1]!.handshake({ password })).toMatchObject({ name: DESKTOP });
  for (const viewer of viewers) {
    viewer.setEncodings(RectangleEncoding.raw, DESKTOP_NAME);
    viewer.requestUpdate();
    await viewer.readUpdate();
    viewer.requestUpdate({ incremental: true });
  }
  await xvnc.display.run("vncconfig", ["-display", xvnc.display.name, "-set", `desktop=${RENAMED}`]);
  await viewers[0]!.readUpdate();
  expect(viewers[0]!.received().includes(RENAMED)).toBe(true);
  // A change of picture after the rename: once it has come, the rename would have come too.
  await xvnc.display.paintRoot([0x10, 0x90, 0x90]);
  await viewers[1]!.readUpdate();
  viewers[1]!.requestUpdate();
  await viewers[1]!.readUpdate();
  expectNothingLearned(viewers[1]!.received());
  await xvnc.display.paintRoot(BACKGROUND);
});

test("TigerVNC's and TightVNC's viewers and vncsnapshot learn nothing", async () => {
  const password = await server.createToken(DESKTOP);
  const tiger = await openTigerViewer(display, { port: recorder.port, password });
  await display.waitForColour(BACKGROUND, 100_000);
  await xvnc.display.run("vncconfig", ["-display", xvnc.display.name, "-set", `desktop=${CANARY}`]);
  await xvnc.display.paintRoot([0x90, 0x90, 0x10]);
  await display.waitForColour([0x90, 0x90, 0x10], 100_000);
  expect(await display.listWindowTitles()).toContain(`${DESKTOP} - TigerVNC`);
  await tiger.stop();
  const tight = await openTightViewer(display, { port: recorder.port, password });
  await display.waitForColour([0x90, 0x90, 0x10], 100_000);
  await tight.stop();
  const { picture } = await takeViewerSnapshot(display.folder, { port: recorder.port, password });
  expect(picture).toBeDefined();
  expectNothingLearned(recorder.received());
});

test("failures tell nothing either", async () => {
  const password = await server.createToken(DESKTOP);
  await xvnc.server.stop();
  const viewer = await connectRfb(cleanup, { port: recorder.port, host: "127.0.0.1" });
  const refusal = await viewer.handshake({ password }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RfbRefusal);
  expect((refusal as RfbRefusal).reason).not.toBe("");
  expectNothingLearned(recorder.received());
  expect(recorder.received().includes(String(xvnc.port))).toBe(false);
});
