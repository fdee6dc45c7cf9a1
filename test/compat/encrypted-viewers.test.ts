// Real viewers reach a desktop encrypted: by VeNCrypt, and inside a TLS tunnel, on the one port and on the viewers' own.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { TestCertificate } from "../support/certificate-files.ts";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { findFreePort } from "../support/free-port.ts";
import { describeTunnel } from "../support/matrix/viewer-kinds.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { startProcess } from "../support/test-process.ts";
import { openSsvncViewer, openTightViewer, openTigerViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const OTHER = "lab-2";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
const MOST = 150_000;
const DIALOG = "VNC authentication";

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let display: XDisplay;
let token: string;
let caFile: string;

beforeAll(async () => {
  let xvnc: Awaited<ReturnType<typeof startXvnc>>;
  [server, xvnc, display] = await Promise.all([
    startServerProgram(shared),
    startXvnc(shared, { name: "secret-name" }),
    startDisplay(shared, { width: 1400, height: 1000 }),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(shared, server, { desktops: { [DESKTOP]: xvnc.endpoint, [OTHER]: xvnc.endpoint } });
  token = await server.createToken(DESKTOP);
  caFile = path.join(display.folder, "ca.pem");
  await writeFile(caFile, (await runPostern(["ca", "--data", server.data])).stdout);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

function x509(type: string, ca = caFile): string[] {
  return ["-SecurityTypes", type, "-X509CA", ca];
}

async function countOpenSessions(): Promise<number> {
  return (await server.ask<unknown[]>("session", "list", "--state", "open")).length;
}

/** Types user name and token into TigerVNC's dialog box. */
async function logIn(user: string, password: string): Promise<void> {
  await waitFor("the dialog", async () => (await display.listWindowTitles()).includes(DIALOG));
  await display.focusWindow(DIALOG);
  if (user !== "") await display.typeText(user);
  await display.pressKeys("Tab");
  await display.typeText(password);
  await display.pressKeys("Return");
}

test("the CA that the command prints is the one that the pages serve", async () => {
  const served = await new Promise<string>((resolve, reject) => {
    https
      .get(`${server.origin}/ca.pem`, { rejectUnauthorized: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      })
      .on("error", reject);
  });
  expect(served).toBe(await readFile(caFile, "utf8"));
  expect(served).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
});

test("TigerVNC by X509Vnc on the one port", async () => {
  const viewer = await openTigerViewer(display, {
    port: server.listen,
    password: token,
    args: x509("X509Vnc"),
  });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`${DESKTOP} - TigerVNC`);
  expect(viewer.output).toMatch(/VeNCrypt|X509/);
  await viewer.stop();
});

test.each(["listen", "rfb"] as const)("TigerVNC with its defaults on the %s port", async (door) => {
  const viewer = await openTigerViewer(display, { port: server[door], password: token });
  await display.waitForColour(BACKGROUND, MOST);
  // 1.12 has no RSA-AES, and later ones choose it.
  expect(viewer.output).toMatch(/Choosing security type (VncAuth\(2\)|RA2 ?\(5\))/);
  await viewer.stop();
});

test.each(["", DESKTOP, "somebody"])("TigerVNC by X509Plain, user name %j and the token", async (user) => {
  const viewer = await openTigerViewer(display, { port: server.listen, args: x509("X509Plain") });
  await logIn(user, token);
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`${DESKTOP} - TigerVNC`);
  await viewer.stop();
});

test("TigerVNC by X509Plain with another desktop's name is refused and shows why", async () => {
  const viewer = await openTigerViewer(display, { port: server.listen, args: x509("X509Plain") });
  await logIn(OTHER, token);
  await viewer.waitForOutput(/Authentication failure: [\s\S]*token/i);
  await viewer.stop();
});

test("TigerVNC does not go on with a certificate of another CA", async () => {
  const before = await countOpenSessions();
  const other = await startServerProgram(cleanup);
  const foreign = path.join(display.folder, "foreign.pem");
  await writeFile(foreign, (await runPostern(["ca", "--data", other.data])).stdout);
  const viewer = await openTigerViewer(display, {
    port: server.listen,
    password: token,
    args: x509("X509Vnc", foreign),
  });
  await waitFor("its question", async () =>
    (await display.listWindowTitles()).some((title) => /certificate|unknown/i.test(title)),
  );
  expect(await countOpenSessions()).toBe(before);
  await viewer.stop();
});

test("RFB inside TLS: TightVNC's viewer through stunnel, which checks CA and host name", async () => {
  const port = await findFreePort();
  const config = path.join(display.folder, "stunnel.conf");
  const settings = describeTunnel(
    { host: "127.0.0.1", listen: String(server.listen), ca: caFile },
    "localhost",
  );
  await writeFile(
    config,
    settings.replace("client = yes", `[rfb]\nclient = yes\naccept = 127.0.0.1:${port}`),
  );
  const tunnel = startProcess(cleanup, "stunnel4", [config]);
  await tunnel.waitForOutput(/Configuration successful/);
  const viewer = await openTightViewer(display, { port, password: token });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`TightVNC: ${DESKTOP}`);
  expect(tunnel.output).toMatch(/Certificate accepted at depth=0/);
  await viewer.stop();
});

test.each(["listen", "rfb"] as const)("ssvnc's viewer, plain, on the %s port", async (door) => {
  const viewer = await openSsvncViewer(display, { port: server[door], password: token });
  await display.waitForColour(BACKGROUND, MOST);
  await viewer.stop();
});

test("a site's own certificate: shown to TigerVNC, replaced while it looks on, and not to agents", async () => {
  const files = await TestCertificate.make(cleanup, "localhost");
  const first = path.join(display.folder, "first.pem");
  await copyFile(files.cert, first);
  const own = await startServerProgram(cleanup, { args: ["--cert", files.cert, "--key", files.key] });
  const xvnc = await startXvnc(cleanup, { name: "secret-name" });
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(cleanup, own, { desktops: { [DESKTOP]: xvnc.endpoint } });
  const password = await own.createToken(DESKTOP);
  const viewer = await openTigerViewer(display, { port: own.listen, password, args: x509("X509Vnc", first) });
  await display.waitForColour(BACKGROUND, MOST);
  const second = await TestCertificate.make(cleanup, "localhost");
  await files.write(await second.read());
  const shown = async (): Promise<string> => {
    const socket = tls.connect({ port: own.listen, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { raw } = socket.getPeerX509Certificate()!;
    socket.destroy();
    return raw.toString("base64");
  };
  const expected = new X509Certificate(await readFile(second.cert)).raw.toString("base64");
  await waitFor("the new certificate", async () => (await shown()) === expected);
  await xvnc.display.paintRoot([0xc0, 0x80, 0x20]);
  await display.waitForColour([0xc0, 0x80, 0x20], MOST);
  expect(viewer.isRunning).toBe(true);
  await viewer.stop();
});
