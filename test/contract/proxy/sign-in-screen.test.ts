import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { SecurityType } from "../../../protocol/index.ts";
import type { Proxy } from "../../../proxy/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { FormatViewer, WIRE_FORMATS } from "../../support/format-viewer.ts";
import { connectRsaAes } from "../../support/rsa-aes-viewer.ts";
import { connectByVeNCrypt, X509_PLAIN } from "../../support/vencrypt-viewer.ts";
import { waitFor } from "../../support/wait-for.ts";
import { CODE, openPeopleFixture, PASSWORD, type PeopleOptions } from "./people-fixture.ts";
import { awaitNoSessions, publishDesktop, type ProxyFixture } from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const [ENTER, ESCAPE] = [0xff0d, 0xff1b];
const [DESKTOP_SIZE, DESKTOP_NAME] = [-223, -307];

const open = (options: PeopleOptions = {}) => openPeopleFixture(cleanup, options);

/** Enters by X509Plain; the stream is after ServerInit. */
async function enter({ proxy }: { readonly proxy: Proxy }, user: string, password = PASSWORD) {
  const socket = net.connect({ ...proxy.addresses.listen, noDelay: true });
  socket.on("error", () => undefined);
  cleanup.add({ stop: () => Promise.resolve(socket.destroy()) });
  await once(socket, "connect");
  const greeting = await connectByVeNCrypt(socket, {
    subType: X509_PLAIN,
    ca: proxy.caCertificate,
    user,
    password,
  });
  const viewer = new FormatViewer(greeting.tls);
  viewer.resize(800, 600);
  return { viewer, name: greeting.name, leave: () => socket.destroy() };
}

async function readAudit({ audit }: ProxyFixture): Promise<string[]> {
  return (await audit()).map(({ event }) => event.action);
}

describe("a person with a name and a password", () => {
  test("who named the desktop is there at once, and the log says who", async () => {
    const opened = await open();
    const { desktop } = await publishDesktop(cleanup, opened, "lab-1");
    const { name } = await enter(opened, "anna@lab-1");
    expect(name).toBe("lab-1");
    await waitFor("the session", () => opened.proxy.openSessions().length === 1);
    expect(opened.proxy.openSessions()[0]).toMatchObject({ method: "account", role: "control" });
    const line = (await opened.audit()).find(({ event }) => event.action === "session.start");
    expect(JSON.stringify(line)).toContain("anna");
    expect(desktop.received.length).toBe(1);
  });

  test("who named none chooses on the screen, and keys arrive at the desktop in the same connection", async () => {
    const opened = await open();
    await publishDesktop(cleanup, opened, "lab-1");
    const { desktop, view } = await publishDesktop(cleanup, opened, "lab-2");
    const { viewer, name } = await enter(opened, "anna");
    expect(name).toBe("Postern");
    viewer.setFormat(WIRE_FORMATS.rgb565);
    viewer.setEncodings(5, 0, DESKTOP_SIZE, DESKTOP_NAME);
    viewer.requestUpdate();
    await viewer.readUpdate();
    expect(opened.proxy.openSessions()).toEqual([]);
    viewer.requestUpdate(true);
    viewer.type("lab-2");
    viewer.pressKey(ENTER);
    while (viewer.width !== 640) {
      await viewer.readUpdate();
      viewer.requestUpdate(true);
    }
    expect([viewer.height, viewer.name]).toEqual([480, "lab-2"]);
    viewer.pressKey(0x41);
    await waitFor("the key", () => desktop.received.includes(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41])));
    const { received } = desktop;
    expect(received.subarray(0, 21)).toEqual(Buffer.from([1, 0, 0, 0, 0, ...WIRE_FORMATS.rgb565]));
    // DesktopName would tell the desktop's own name: the policy takes it out, as it does for everybody.
    expect(received.subarray(21, 25 + 12)).toEqual(
      Buffer.from([2, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21]),
    );
    expect(received.subarray(37, 47)).toEqual(Buffer.from([3, 0, 0, 0, 0, 0, 0x02, 0x80, 0x01, 0xe0]));
    // Nothing that was typed on the screen got there but releases.
    expect(received.includes(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x6c]))).toBe(false);
    expect(opened.proxy.openSessions()).toMatchObject([{ desktopId: view.id, method: "account" }]);
    opened.proxy.audit({ action: "logout", outcome: "success" });
    expect((await readAudit(opened)).filter((action) => action === "session.start")).toHaveLength(1);
  });

  test("by RSA-AES with a name, and the desktop's bytes pass through the encryption", async () => {
    const opened = await open();
    const { desktop } = await publishDesktop(cleanup, opened, "lab-1");
    const address = opened.proxy.addresses.rfb!;
    const login = { type: SecurityType.ra2_256, user: "anna@lab-1", password: PASSWORD } as const;
    const { name, stream } = await connectRsaAes(cleanup, address, login);
    expect(name).toBe("lab-1");
    stream.write(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41]));
    await waitFor("the key", () => desktop.received.includes(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41])));
  });

  test("a wrong password is refused, as an unknown name is", async () => {
    const opened = await open();
    await publishDesktop(cleanup, opened, "lab-1");
    const sentence = /name, the password or the token is wrong/;
    await expect(enter(opened, "anna@lab-1", "another password")).rejects.toThrow(sentence);
    await expect(enter(opened, "nobody@lab-1", "another password")).rejects.toThrow(sentence);
    expect(opened.people.begun).toBe(2);
  });

  test("a token goes first, whatever the name says", async () => {
    const opened = await open();
    const { view } = await publishDesktop(cleanup, opened, "lab-1");
    const { token } = await opened.proxy.createToken(view, "control", 60, "admin");
    const { name } = await enter(opened, "anna", token);
    expect(name).toBe("lab-1");
    expect(opened.people.begun).toBe(0);
  });

  test("who may only watch types into nothing", async () => {
    const opened = await open({ role: "view" });
    const { desktop } = await publishDesktop(cleanup, opened, "lab-1");
    const { viewer } = await enter(opened, "anna@lab-1");
    viewer.pressKey(0x41);
    viewer.requestUpdate();
    await waitFor("the request", () => desktop.received.includes(3));
    expect(desktop.received.includes(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x41]))).toBe(false);
  });

  test("whose account is disabled loses the session within seconds", async () => {
    const opened = await open();
    await publishDesktop(cleanup, opened, "lab-1");
    const { viewer } = await enter(opened, "anna@lab-1");
    await waitFor("the session", () => opened.proxy.openSessions().length === 1);
    await opened.proxy.stores.users.disable(opened.people.userId);
    await viewer.reader.readToEnd();
    await awaitNoSessions(opened);
    expect((await opened.proxy.stores.sessions.list())[0]?.cause).toBe("USER_REMOVED");
  });

  test("the login ends with the session", async () => {
    const opened = await open();
    await publishDesktop(cleanup, opened, "lab-1");
    const { leave } = await enter(opened, "anna@lab-1");
    const countLogins = async (): Promise<number> =>
      (await opened.proxy.stores.logins.listByUser(opened.people.userId, Date.now())).length;
    expect(await countLogins()).toBe(1);
    leave();
    await waitFor("no login", async () => (await countLogins()) === 0);
  });
});

describe("a code that is asked for", () => {
  test("wrong ones are told in words, the right one opens the named desktop", async () => {
    const opened = await open({ asksCode: true });
    const { desktop } = await publishDesktop(cleanup, opened, "lab-1");
    const { viewer, name } = await enter(opened, "anna@lab-1");
    expect(name).toBe("Postern");
    viewer.setEncodings(5, DESKTOP_SIZE);
    viewer.requestUpdate();
    await viewer.readUpdate();
    viewer.type("111111");
    viewer.pressKey(ENTER);
    const seen = async (colour: number): Promise<boolean> => {
      viewer.requestUpdate();
      await viewer.readUpdate();
      return viewer.width === 800 && viewer.pixels.includes(colour);
    };
    await waitFor("the error", () => seen(0xa32020));
    expect(desktop.received).toHaveLength(0);
    viewer.type(CODE);
    viewer.pressKey(ENTER);
    while (viewer.width !== 640) {
      viewer.requestUpdate(true);
      await viewer.readUpdate();
    }
    await waitFor("the session", () => opened.proxy.openSessions().length === 1);
  });

  test("after the last try nothing is open, and Escape ends it", async () => {
    const opened = await open({ asksCode: true });
    await publishDesktop(cleanup, opened, "lab-1");
    const { viewer } = await enter(opened, "anna@lab-1");
    viewer.setEncodings(5, DESKTOP_SIZE);
    for (let tries = 0; tries < 3; tries++) {
      viewer.requestUpdate();
      await viewer.readUpdate();
      viewer.type("111111");
      viewer.pressKey(ENTER);
    }
    viewer.pressKey(ESCAPE);
    await viewer.reader.readToEnd();
    expect(opened.proxy.openSessions()).toEqual([]);
    expect(await opened.proxy.stores.logins.listByUser(opened.people.userId, Date.now())).toEqual([]);
  });
});

test("a desktop that cannot be reached is told in words, and another one may be chosen", async () => {
  const opened = await open();
  const { agent } = await publishDesktop(cleanup, opened, "lab-1");
  await agent.stop();
  await publishDesktop(cleanup, opened, "lab-2");
  // What is named at the beginning is refused without a screen, in the words of every viewer.
  await expect(enter(opened, "anna@lab-1")).rejects.toThrow(/not connected|not available/);
  const { viewer } = await enter(opened, "anna");
  viewer.setEncodings(5, DESKTOP_SIZE);
  viewer.requestUpdate();
  await viewer.readUpdate();
  viewer.type("lab-1");
  viewer.pressKey(ENTER);
  await waitFor("the error", async () => {
    viewer.requestUpdate();
    await viewer.readUpdate();
    return viewer.pixels.includes(0xa32020);
  });
  // The filter is gone with the page before; the one that runs comes first or second.
  viewer.type("lab-2");
  viewer.pressKey(ENTER);
  while (viewer.width !== 640) {
    viewer.requestUpdate(true);
    await viewer.readUpdate();
  }
});
