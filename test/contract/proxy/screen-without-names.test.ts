// Viewers that send no user name, and viewers whose size is fixed: the sign-in screen all the same.
import { once } from "node:events";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createWebSocketStream, WebSocket } from "ws";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { showForm } from "../../../proxy/prompt/screen-state.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { FormatViewer, WIRE_FORMATS } from "../../support/format-viewer.ts";
import { readHandOverCode, showsPage, type ReadPixel } from "../../support/painted-screen.ts";
import { RfbClient } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { CODE, CODE_FIELD, openPeopleFixture, PASSWORD, type PeopleFixture } from "./people-fixture.ts";
import { awaitNoSessions, publishDesktop, type AuditLine } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const [TAB, ENTER] = [0xff09, 0xff0d];
const DESKTOP_SIZE = -223;
const ERROR_COLOUR = 0xa32020;
const FORWARDER = "127.0.0.2";
const FROM_AFAR = "PROXY TCP4 203.0.113.9 10.0.0.1 54321 5900\r\n";

async function dial({ proxy }: PeopleFixture, options: Partial<net.TcpNetConnectOpts> = {}) {
  const socket = net.connect({ ...proxy.addresses.rfb!, noDelay: true, ...options });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  return socket;
}

/** Shakes hands with this VNC password, or with none; from then on the viewer is scripted. */
async function enter(stream: Duplex, password?: string) {
  const greeting = await new RfbClient(stream).handshake(password === undefined ? {} : { password });
  const viewer = new FormatViewer(stream);
  viewer.resize(greeting.width, greeting.height);
  viewer.setFormat(WIRE_FORMATS.native32);
  return { ...greeting, viewer };
}

function typeLogin(viewer: FormatViewer, name: string, password: string): void {
  viewer.type(name);
  viewer.pressKey(TAB);
  viewer.type(password);
  viewer.pressKey(ENTER);
}

function readOf(viewer: FormatViewer): ReadPixel {
  return (x, y) => viewer.pixels[y * viewer.width + x] ?? 0;
}

async function awaitSize(viewer: FormatViewer, width: number): Promise<void> {
  while (viewer.width !== width) {
    viewer.requestUpdate(true);
    await viewer.readUpdate();
  }
}

async function awaitPicture(viewer: FormatViewer, isThere: () => boolean): Promise<void> {
  await waitFor("the picture", async () => {
    viewer.requestUpdate();
    await viewer.readUpdate();
    return isThere();
  });
}

describe("the word in the place of the VNC password", () => {
  test.each(["rfb", "tls"] as const)("asks for name, password and code on the screen: %s", async (door) => {
    const opened = await openPeopleFixture(cleanup, { asksCode: true });
    const { desktop } = await publishDesktop(cleanup, opened, "lab-1");
    const stream =
      door === "rfb"
        ? await dial(opened)
        : tls.connect({
            ...{ socket: await dial(opened, opened.proxy.addresses.listen), servername: "localhost" },
            ca: opened.proxy.caCertificate,
          });
    const { viewer, name } = await enter(stream, "sign-in");
    expect(name).toBe("Postern");
    viewer.setEncodings(5, DESKTOP_SIZE);
    typeLogin(viewer, "anna@lab-1", "a wrong password");
    await awaitPicture(viewer, () => viewer.pixels.includes(ERROR_COLOUR));
    expect(opened.people.begun).toBe(1);
    typeLogin(viewer, "anna@lab-1", PASSWORD);
    await waitFor("the answer", () => opened.people.begun === 2);
    await awaitPicture(viewer, () =>
      showsPage(readOf(viewer), showForm("anna", { fields: [CODE_FIELD] }, null)),
    );
    viewer.type(CODE);
    viewer.pressKey(ENTER);
    await awaitSize(viewer, 640);
    viewer.pressKey(0x41);
    await waitFor("the key", () => desktop.received.includes(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41])));
    expect(opened.proxy.openSessions()).toMatchObject([{ method: "account" }]);
    expect(opened.log()).not.toContain(PASSWORD);
  });

  test("is refused in words where what is typed would travel in clear", async () => {
    const opened = await openPeopleFixture(cleanup, {}, { proxyProtocolFrom: [FORWARDER] });
    const stream = await dial(opened, { localAddress: FORWARDER });
    stream.write(FROM_AFAR);
    await expect(enter(stream, "sign-in")).rejects.toThrow(/travel unencrypted/);
    await waitFor("its line", async () => {
      const lines = await opened.audit().catch(() => []);
      return lines.some(({ event }) => event.reason === "SIGN_IN_PLAIN");
    });
  });

  test("is taken there when the administrator wants it", async () => {
    const options = { proxyProtocolFrom: [FORWARDER], plainSignIn: true };
    const opened = await openPeopleFixture(cleanup, {}, options);
    const stream = await dial(opened, { localAddress: FORWARDER });
    stream.write(FROM_AFAR);
    expect(await enter(stream, "sign-in")).toMatchObject({ name: "Postern", width: 800 });
  });

  test("is no guess at a token: the source may go on", async () => {
    const opened = await openPeopleFixture(cleanup);
    const { view } = await publishDesktop(cleanup, opened, "lab-1");
    for (let times = 0; times < 8; times++) (await enter(await dial(opened), "sign-in")).viewer.write(9);
    const { token } = await opened.proxy.createToken(view, "control", 60, "admin");
    expect(await enter(await dial(opened), token)).toMatchObject({ name: "lab-1" });
  });
});

describe("a viewer whose size is fixed", () => {
  test("gets a code, and with it the desktop in a second connection, once", async () => {
    const opened = await openPeopleFixture(cleanup);
    const { desktop, view } = await publishDesktop(cleanup, opened, "lab-1");
    const first = await dial(opened);
    const { viewer } = await enter(first, "sign-in");
    viewer.setEncodings(5);
    typeLogin(viewer, "anna@lab-1", PASSWORD);
    await awaitPicture(viewer, () => readHandOverCode(readOf(viewer), "lab-1") !== null);
    const code = readHandOverCode(readOf(viewer), "lab-1")!;
    expect(desktop.received).toHaveLength(0);
    const stream = await dial(opened);
    expect(await enter(stream, code)).toMatchObject({ name: "lab-1", width: 640 });
    await viewer.reader.readToEnd();
    expect(opened.proxy.openSessions()).toMatchObject([{ desktopId: view.id, method: "account" }]);
    await expect(enter(await dial(opened), code)).rejects.toThrow(/token is wrong/);
    const actions = (await opened.audit()).map(({ event }) => event.action);
    expect(actions.filter((action) => action === "login.continue" || action === "session.start")).toEqual([
      "login.continue",
      "session.start",
    ]);
    stream.destroy();
    await awaitNoSessions(opened);
    const logins = () => opened.proxy.stores.logins.listByUser(opened.people.userId, Date.now());
    await waitFor("no login", async () => (await logins()).length === 0);
  });
});

test("a WebSocket with ?account is at the screen without a password of its own", async () => {
  const opened = await openPeopleFixture(cleanup);
  await publishDesktop(cleanup, opened, "lab-1");
  const { port } = opened.proxy.addresses.listen;
  const webSocket = new WebSocket(`wss://127.0.0.1:${port}/rfb?account`, ["binary"], {
    rejectUnauthorized: false,
  });
  const stream = createWebSocketStream(webSocket);
  stream.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(stream.destroy()) });
  const { viewer, name, offered } = await enter(stream);
  expect({ name, offered }).toEqual({ name: "Postern", offered: [1] });
  viewer.setEncodings(5, DESKTOP_SIZE);
  typeLogin(viewer, "anna@lab-1", PASSWORD);
  await awaitSize(viewer, 640);
  expect(opened.proxy.openSessions()).toMatchObject([{ method: "account", transport: "websocket" }]);
});

test("screens of strangers have places of their own", async () => {
  const opened = await openPeopleFixture(cleanup, { asksCode: true });
  const count = 16;
  for (let index = 0; index < count; index++) await enter(await dial(opened), "sign-in");
  await expect(enter(await dial(opened), "sign-in")).rejects.toThrow(/server is busy/);
});

test("who has signed in gives the stranger's place back, and has places of their own to choose", async () => {
  const opened = await openPeopleFixture(cleanup);
  const signInAsStranger = async () => (await enter(await dial(opened), "sign-in")).viewer;
  const others = PROXY_LIMITS.strangerPromptsPerNetwork - 1;
  for (let index = 0; index < others; index++) await signInAsStranger();
  const logins = () => opened.proxy.stores.logins.listByUser(opened.people.userId, Date.now());
  for (let index = 0; index < PROXY_LIMITS.choosersPerPerson; index++) {
    typeLogin(await signInAsStranger(), "anna", PASSWORD);
    await waitFor("the login", async () => (await logins()).length === index + 1);
  }
  const { length } = (await opened.audit().catch(() => [])).filter(isBusy);
  typeLogin(await signInAsStranger(), "anna", PASSWORD);
  await waitFor("its line", async () => (await opened.audit()).filter(isBusy).length === length + 1);
  await signInAsStranger();
  await expect(signInAsStranger()).rejects.toThrow(/server is busy/);
});

function isBusy({ event: { action, reason } }: AuditLine): boolean {
  return action === "session.refuse" && reason === "SERVER_BUSY";
}
