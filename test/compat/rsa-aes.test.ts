// noVNC, which shares no code with the product, logs in by RSA-AES in a real browser; other viewers are as they were.
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Conversation,
  encodeClientInit,
  logInToServer,
  pipe,
  RSA_AES_TYPES,
  systemClock,
} from "../../protocol/index.ts";
import { openProfile, startBrowser } from "../support/browser.ts";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { RsaAesServer } from "../support/rsa-aes-server.ts";
import { openTigerViewer, takeViewerSnapshot } from "../support/debian-viewers.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const BACKGROUND: RgbColour = [0x20, 0xa0, 0x60];
const MOST = 150_000;
const NOVNC = fileURLToPath(new URL("../../node_modules/@novnc/novnc/", import.meta.url));

const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let display: XDisplay;

beforeAll(async () => {
  [server, xvnc, display] = await Promise.all([
    startServerProgram(cleanup),
    startXvnc(cleanup, { name: "secret-name" }),
    startDisplay(cleanup, { width: 1400, height: 1000 }),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
});
afterAll(() => cleanup.close());

/** What the page tells: which type noVNC took, the key it saw, and how it ended. */
interface Seen {
  readonly state: "connecting" | "connected" | "refused" | "closed";
  readonly type: number;
  readonly fingerprint: string;
  readonly reason: string;
  readonly name: string;
}

/** A page of its own on the server's origin, with nothing on it but noVNC. `only`: the one type it is to know. */
async function openNoVnc(
  password: string,
  only: number | null,
): Promise<{ page: Page; seen: () => Promise<Seen> }> {
  const profile = await openProfile(await startBrowser(cleanup));
  // A page that the test hands in itself counts as one of the Internet.
  await profile.grantPermissions(["local-network-access"], { origin: server.origin });
  const page = await profile.newPage();
  await page.route(`${server.origin}/novnc/**`, async (route) => {
    const file = decodeURIComponent(new URL(route.request().url()).pathname.slice("/novnc/".length));
    if (file === "") await route.fulfill({ contentType: "text/html", body: makePage(password, only) });
    else {
      const body = await readFile(path.join(NOVNC, file));
      await route.fulfill({ contentType: "text/javascript", body });
    }
  });
  await page.goto(`${server.origin}/novnc/`);
  return { page, seen: () => page.evaluate<Seen>("globalThis.seen") };
}

function makePage(password: string, only: number | null): string {
  return `<!doctype html><body><div id="screen" style="width:800px;height:600px"></div>
<script type="module">
import RFB from "./core/rfb.js";
const seen = (globalThis.seen = { state: "connecting", type: 0, fingerprint: "", reason: "", name: "" });
const rfb = new RFB(document.getElementById("screen"), "wss://" + location.host + "/rfb", {
  credentials: { password: ${JSON.stringify(password)} },
});
const only = ${JSON.stringify(only)};
if (only !== null) rfb._isSupportedSecurityType = (type) => type === only;
rfb.addEventListener("serververification", async ({ detail }) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", detail.publickey)).slice(0, 8);
  seen.fingerprint = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("-");
  rfb.approveServer();
});
rfb.addEventListener("desktopname", ({ detail }) => (seen.name = detail.name));
rfb.addEventListener("connect", () => { seen.type = rfb._rfbAuthScheme; seen.state = "connected"; });
rfb.addEventListener("securityfailure", ({ detail }) => { seen.state = "refused"; seen.reason = detail.reason ?? ""; });
rfb.addEventListener("disconnect", () => { if (seen.state !== "refused") seen.state = "closed"; });
</script>`;
}

async function waitForState(page: Page, state: Seen["state"]): Promise<void> {
  await page.waitForFunction(`globalThis.seen?.state === ${JSON.stringify(state)}`, undefined, {
    timeout: 20_000,
  });
}

async function waitForPicture(page: Page): Promise<void> {
  await page.waitForFunction(
    `(() => {
      const canvas = document.querySelector("canvas");
      const pixel = canvas?.getContext("2d").getImageData(canvas.width - 2, canvas.height - 2, 1, 1).data;
      return pixel && [${BACKGROUND.join(", ")}].every((value, at) => Math.abs(pixel[at] - value) < 8);
    })()`,
    undefined,
    { timeout: 20_000 },
  );
}

test("noVNC sees the desktop by RA2ne, and the fingerprint that the server printed", async () => {
  const { page, seen } = await openNoVnc(await server.createToken(DESKTOP), 6);
  await waitForState(page, "connected");
  await waitForPicture(page);
  const printed = /Viewers show\s+(\S+)/.exec(server.process.stdout)?.[1];
  expect(await seen()).toMatchObject({ type: 6, name: DESKTOP, fingerprint: printed });
});

test("noVNC reads why its token was refused", async () => {
  const { page, seen } = await openNoVnc("nope2345", 6);
  await waitForState(page, "refused");
  expect((await seen()).reason).toContain("This token is wrong or has expired");
});

test("noVNC left to itself takes VncAuth: a page need not know about keys", async () => {
  const { page, seen } = await openNoVnc(await server.createToken(DESKTOP), null);
  await waitForState(page, "connected");
  await waitForPicture(page);
  expect(await seen()).toMatchObject({ type: 2, fingerprint: "" });
});

test("TigerVNC 1.12 and vncsnapshot, which know none of these types, take VncAuth", async () => {
  const password = await server.createToken(DESKTOP);
  const viewer = await openTigerViewer(display, { port: server.rfb, password });
  await viewer.waitForOutput(/Choosing security type VncAuth/);
  await display.waitForColour(BACKGROUND, MOST);
  await viewer.stop();
  const { picture, output } = await takeViewerSnapshot(display.folder, { port: server.rfb, password });
  expect(picture, output).toBeDefined();
  expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
});

/** Xvnc of Debian 12 has none of these types: ours stands before it. */
async function passOn(stream: Duplex): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port: xvnc.port, noDelay: true, allowHalfOpen: true });
  const peer = new Conversation(socket, { deadlineMs: 20_000, maxBytes: 10_000 }, systemClock);
  await logInToServer(peer, {});
  await peer.write(encodeClientInit(true));
  const behind = peer.release();
  pipe(behind, stream);
  pipe(stream, behind);
}

test.each(RSA_AES_TYPES)("the agent shows a VNC server behind security type %i", async (type) => {
  const front = await new RsaAesServer([type], "a longer password", (stream) => {
    void passOn(stream);
  }).start();
  cleanup.add(front);
  const name = `behind-${type}`;
  const endpoint = `tcp:127.0.0.1:${front.port}`;
  await startAgentProgram(cleanup, server, {
    desktops: { [name]: { endpoint, password: "a longer password" } },
  });
  const password = await server.createToken(name);
  const { picture, output } = await takeViewerSnapshot(display.folder, { port: server.rfb, password });
  expect(picture, output).toBeDefined();
  expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
  expect(front.chosen).toEqual([type]);
});
