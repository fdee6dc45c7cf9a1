// Real viewers reach a real VNC server behind an agent, with the token as their password.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import {
  connectRfb,
  connectRfbOverWebSocket,
  RfbRefusal,
  type RfbClientVersion,
} from "../support/rfb-client.ts";
import { openTightViewer, openTigerViewer, takeViewerSnapshot } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const LOCKED = "lab-2";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
const MOST = 150_000;
const WRONG = "nope2345";

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let open: Xvnc;
let display: XDisplay;
let token: string;

beforeAll(async () => {
  let locked: Xvnc;
  [server, open, locked, display] = await Promise.all([
    startServerProgram(shared),
    startXvnc(shared, { name: "secret-name" }),
    startXvnc(shared, { name: "locked-name", password: "inside77", onUnixSocket: true }),
    startDisplay(shared, { width: 1400, height: 1000 }),
  ]);
  await open.display.paintRoot(BACKGROUND);
  await locked.display.paintRoot(BACKGROUND);
  await startAgentProgram(shared, server, {
    desktops: { [DESKTOP]: open.endpoint, [LOCKED]: { endpoint: locked.endpoint, password: "inside77" } },
  });
  token = await server.createToken(DESKTOP);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

test("TigerVNC's viewer shows the desktop under its published name", async () => {
  const viewer = await openTigerViewer(display, { port: server.rfb, password: token });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`${DESKTOP} - TigerVNC`);
  await viewer.stop();
});

test("TightVNC's viewer shows the desktop", async () => {
  const viewer = await openTightViewer(display, { port: server.rfb, password: token });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`TightVNC: ${DESKTOP}`);
  await viewer.stop();
});

test("vncsnapshot takes its picture", async () => {
  const { picture, output } = await takeViewerSnapshot(display.folder, { port: server.rfb, password: token });
  expect(picture, output).toMatchObject({ width: 640, height: 480 });
  expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
});

test("the agent answers a VNC server with a password on a Unix socket", async () => {
  const { picture, output } = await takeViewerSnapshot(display.folder, {
    port: server.rfb,
    password: await server.createToken(LOCKED),
  });
  expect(picture, output).toBeDefined();
  expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
});

test("viewers of different makes stay together on a server that would drop the first one", async () => {
  // TigerVNC asks for exclusive access; without -AlwaysShared Xvnc would then disconnect the others.
  const tight = await openTightViewer(display, { port: server.rfb, password: token });
  await display.waitForColour(BACKGROUND, MOST);
  const tiger = await openTigerViewer(display, { port: server.rfb, password: token });
  await tiger.waitUntil("its window", async () =>
    (await display.listWindowTitles()).includes(`${DESKTOP} - TigerVNC`),
  );
  await waitFor("two open sessions", async () => {
    const sessions = await server.ask<{ state: string }[]>("session", "list", "--state", "open");
    return sessions.length === 2;
  });
  const changed: RgbColour = [0xc0, 0x80, 0x20];
  await open.display.paintRoot(changed);
  await display.waitForColour(changed, MOST);
  expect(tight.isRunning).toBe(true);
  expect(tiger.isRunning).toBe(true);
  await tiger.stop();
  await tight.stop();
  await open.display.paintRoot(BACKGROUND);
});

test("a wrong token is refused with its reason in TigerVNC's own output", async () => {
  const viewer = await openTigerViewer(display, { port: server.rfb, password: WRONG });
  await viewer.waitForOutput(/Authentication failure: .*token/i);
  await viewer.waitForExit();
});

test("a wrong token is refused in TightVNC's viewer and in vncsnapshot", async () => {
  const refused = await openTightViewer(display, { port: server.rfb, password: WRONG });
  await refused.waitForOutput(/authentication|token/i);
  await refused.waitForExit();
  const snapshot = await takeViewerSnapshot(display.folder, { port: server.rfb, password: WRONG });
  expect(snapshot).toMatchObject({ picture: undefined });
  expect(snapshot.output).toMatch(/authentication failed/i);
});

test.each<[RfbClientVersion, RegExp]>([
  ["3.3", /^$/],
  ["3.7", /^$/],
  ["3.8", /token/i],
])("RFB %s: a wrong token is refused, with a reason where there is room", async (version, reason) => {
  const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  const refusal = await viewer.handshake({ version, password: WRONG }).catch((error: unknown) => error);
  // A source that guessed too often hears that instead, before it may guess again: that has room in every version.
  expect(refusal).toBeInstanceOf(RfbRefusal);
  const { stage, reason: words } = refusal as RfbRefusal;
  if (stage === "security-types") expect(words).toMatch(/try again in \d+ s/i);
  else expect(words).toMatch(reason);
});

test("a browser's ticket works once; without one the token is asked for in the band", async () => {
  const ticket = await server.createTicket(DESKTOP);
  const first = await connectRfbOverWebSocket(cleanup, ticket.url, ticket.protocols);
  expect(first.protocol).toBe("binary");
  expect(await first.handshake()).toMatchObject({ offered: [1], name: DESKTOP });
  const again = await connectRfbOverWebSocket(cleanup, ticket.url, ticket.protocols).catch(
    (error: unknown) => error,
  );
  if (again instanceof Error) expect(again.message).toMatch(/401|403/);
  else await expect((again as typeof first).handshake()).rejects.toThrow();
});

test("a view-only token shows the picture and keeps keys and pointer away", async () => {
  const viewOnly = await server.createToken(DESKTOP, "--role", "view");
  const viewer = await waitFor("an end of the wait for wrong tokens", async () => {
    const tried = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
    return tried.handshake({ password: viewOnly }).then(
      () => tried,
      () => undefined,
    );
  });
  await open.display.moveTo(5, 5);
  viewer.movePointer(300, 200);
  viewer.setEncodings(0);
  viewer.requestUpdate();
  await viewer.readUpdate();
  expect(await open.display.run("xdotool", ["getmouselocation"])).toMatch(/x:5 y:5/);
});
