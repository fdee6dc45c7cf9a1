// noVNC, which shares no code with the product, logs in by RSA-AES in a real browser, behind a bridge as websockify is one;
// other viewers are as they were.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import {
  Conversation,
  encodeClientInit,
  logInToServer,
  pipe,
  RSA_AES_TYPES,
  SecurityType,
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

/** WebSockets to the port of plain VNC viewers: the server's own are encrypted already, and have no RSA-AES. */
async function startBridge(): Promise<string> {
  const http = createServer();
  const webSockets = new WebSocketServer({ server: http });
  webSockets.on("connection", (webSocket) => {
    const [stream, socket] = [createWebSocketStream(webSocket), connect(server.rfb, "127.0.0.1")];
    stream.on("error", () => socket.destroy());
    socket.on("error", () => stream.destroy());
    stream.pipe(socket).pipe(stream);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  cleanup.add({
    stop: async () => {
      for (const client of webSockets.clients) client.terminate();
      http.close();
      await once(http, "close");
    },
  });
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** A page of its own with nothing on it but noVNC, on the server's origin or on the bridge's. */
async function openNoVnc(
  password: string,
  by: "server" | "bridge",
): Promise<{ page: Page; seen: () => Promise<Seen> }> {
  const profile = await openProfile(await startBrowser(cleanup));
  const origin = by === "server" ? server.origin : `http://${await startBridge()}`;
  const address = `${origin.replace("http", "ws")}/rfb`;
  const html = makePage(password, address, by === "bridge" ? SecurityType.ra2ne : null);
  // A page that the test hands in itself counts as one of the Internet.
  await profile.grantPermissions(["local-network-access"], { origin });
  const page = await profile.newPage();
  await page.route(`${origin}/novnc/**`, async (route) => {
    const file = decodeURIComponent(new URL(route.request().url()).pathname.slice("/novnc/".length));
    if (file === "") await route.fulfill({ contentType: "text/html", body: html });
    else {
      const body = await readFile(path.join(NOVNC, file));
      await route.fulfill({ contentType: "text/javascript", body });
    }
  });
  await page.goto(`${origin}/novnc/`);
  return { page, seen: () => page.evaluate<Seen>("globalThis.seen") };
}

/** @param only the one security type that noVNC is to know; null: all of its own */
function makePage(password: string, address: string, only: number | null): string {
  return `<!doctype html><body><div id="screen" style="width:800px;height:600px"></div>
<script type="module">
import RFB from "./core/rfb.js";
const seen = (globalThis.seen = { state: "connecting", type: 0, fingerprint: "", reason: "", name: "" });
const rfb = new RFB(document.getElementById("screen"), ${JSON.stringify(address)}, {
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
    timeout: 60_000,
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
    { timeout: 60_000 },
  );
}

test("noVNC sees the desktop by RA2ne, and the fingerprint that the server printed", async () => {
  const { page, seen } = await openNoVnc(await server.createToken(DESKTOP), "bridge");
  await waitForState(page, "connected");
  await waitForPicture(page);
  const printed = /Viewers show\s+(\S+)/.exec(server.process.stdout)?.[1];
  expect(await seen()).toMatchObject({ type: 6, name: DESKTOP, fingerprint: printed });
});

test("noVNC reads why its token was refused", async () => {
  const { page, seen } = await openNoVnc("nope2345", "bridge");
  await waitForState(page, "refused");
  expect((await seen()).reason).toContain("This token is wrong or has expired");
});

test("noVNC on the server's own WebSockets takes VncAuth: a page need not know about keys", async () => {
  const { page, seen } = await openNoVnc(await server.createToken(DESKTOP), "server");
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
