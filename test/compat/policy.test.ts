// What a viewer may do is decided on the bytes between it and a real VNC server, whose side of the wire is recorded.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { type TcpRecorder, startTcpRecorder } from "../support/tcp-recorder.ts";
import { connectRfb, type RfbClient } from "../support/rfb-client.ts";
import { openTightViewer, openTigerViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { EVERY_EXTENSION, SAMPLES } from "../unit/protocol/rfb/client-stream/sample-messages.ts";
import { openWall, waitForCanvas } from "../e2e/browser-steps.ts";

const DESKTOP = "lab-1";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
const CHANGED: RgbColour = [0xc0, 0x80, 0x20];
const CANARY = "CANARY-CLIPBOARD";
const MOST = 150_000;
const FENCE = 248;
const CONTINUOUS_UPDATES = 150;
const FENCE_ENCODING = -312;

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let display: XDisplay;
let recorder: TcpRecorder;
let page: Page;

beforeAll(async () => {
  [server, xvnc, display] = await Promise.all([
    startServerProgram(shared),
    startXvnc(shared),
    startDisplay(shared),
  ]);
  await xvnc.display.paintRoot(BACKGROUND);
  recorder = await startTcpRecorder(shared, { port: xvnc.port, host: "127.0.0.1" });
  await startAgentProgram(shared, server, { desktops: { [DESKTOP]: `tcp:127.0.0.1:${recorder.port}` } });
  page = await openWall(shared, server);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

function setEncodings(encodings: readonly number[]): Buffer {
  const message = Buffer.alloc(4 + 4 * encodings.length);
  message[0] = 2;
  message.writeUInt16BE(encodings.length, 2);
  encodings.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
  return message;
}

async function enter(...flags: string[]): Promise<RfbClient> {
  const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  await viewer.handshake({ password: await server.createToken(DESKTOP, ...flags) });
  return viewer;
}

/** What went to the VNC server from here on. */
function recordSent(): () => Buffer {
  const before = recorder.sent().length;
  return () => recorder.sent().subarray(before);
}

/** Lets what was written leave as a packet of its own. */
function flushPacket(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

async function copyOnDesktop(text: string): Promise<void> {
  xvnc.display.start("xclip", ["-selection", "clipboard", "-loops", "0", "-quiet"], { input: text });
  await waitFor("the clipboard", async () => (await readDesktopClipboard()) === text);
}

async function readDesktopClipboard(): Promise<string> {
  return xvnc.display.run("xclip", ["-o", "-selection", "clipboard"]).catch(() => "");
}

describe("view only", () => {
  test("of every message, cut at every byte, nothing reaches the server that acts on it", async () => {
    await xvnc.display.moveTo(5, 5);
    const heard = recordSent();
    const viewer = await enter("--role", "view", "--deny", "audio");
    const list = setEncodings([...EVERY_EXTENSION, -316, -307]);
    const told = setEncodings([-313, FENCE_ENCODING, -308]);
    await waitFor("the first message", () => heard().length >= 12 + 1 + 1 + 20);
    const start = heard().length;
    const expected: Buffer[] = [];
    for (const { name, wire, control } of SAMPLES) {
      for (let cut = 0; cut < Math.min(wire.length, 80); cut += 1) {
        viewer.write(Buffer.concat([list, wire.subarray(0, cut)]));
        await flushPacket();
        viewer.write(wire.subarray(cut));
        await flushPacket();
        const passes = control !== true && !name.startsWith("QEMU audio");
        expected.push(told, ...(passes ? [wire] : []));
      }
    }
    const all = Buffer.concat(expected);
    await waitFor("the last message", () => heard().length - start >= all.length);
    expect(heard().subarray(start).equals(all)).toBe(true);
    expect(await xvnc.display.run("xdotool", ["getmouselocation"])).toMatch(/x:5 y:5/);
    expect(await xvnc.display.run("xwininfo", ["-root"])).toMatch(/-geometry 640x480/);
    expect(await readDesktopClipboard()).toBe("");
  });

  test.each([
    ["UltraVNC's file transfer", Buffer.from([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ["what nobody knows", Buffer.from([77])],
  ])("%s, of unknown length, ends the session", async (_name, wire) => {
    const heard = recordSent();
    const viewer = await enter("--role", "view");
    await waitFor("the first message", () => heard().length >= 12 + 1 + 1 + 20);
    const start = heard().length;
    viewer.write(wire);
    viewer.pressKey(0x61);
    await viewer.reader.readToEnd();
    expect(heard()).toHaveLength(start);
  });

  test.each([
    ["what was never negotiated", Buffer.from([250, 0, 1, 2])],
    ["UltraVNC's chat", Buffer.from([11, 0, 0, 0, 255, 255, 255, 255])],
    ["UltraVNC's chat with a text", Buffer.from([11, 0, 0, 0, 0, 0, 0, 2, 77, 77])],
  ])("%s is left out, and the session goes on", async (_name, wire) => {
    const heard = recordSent();
    const viewer = await enter();
    await waitFor("the first message", () => heard().length >= 12 + 1 + 1 + 20);
    const start = heard().length;
    const [before, after] = [setEncodings([0]), setEncodings([0, 1])];
    viewer.write(Buffer.concat([before, wire, after]));
    const all = Buffer.concat([before, after]);
    await waitFor("the last message", () => heard().length - start >= all.length);
    expect(heard().subarray(start).equals(all)).toBe(true);
  });

  test("a key in the seventh byte of a pointer event is no message of its own", async () => {
    const heard = recordSent();
    const viewer = await enter("--role", "view");
    await waitFor("the first message", () => heard().length >= 12 + 1 + 1 + 20);
    const start = heard().length;
    viewer.write(setEncodings([0, -316]));
    // Six bytes of a pointer event; were it seven, the rest would read as a pointer event too.
    viewer.write([5, 0x80, 1, 44, 0, 200, 5, 0, 1, 44, 0, 200]);
    viewer.write(setEncodings([0]));
    const all = Buffer.concat([setEncodings([0]), setEncodings([0])]);
    await waitFor("the last message", () => heard().length - start >= all.length);
    expect(heard().subarray(start).equals(all)).toBe(true);
  });

  test("noVNC works under it, with Fence and ContinuousUpdates", async () => {
    const heard = recordSent();
    await openInBrowser({ role: "view" });
    await waitForCanvas(page, "the desktop", (picture) => picture.count(BACKGROUND, 4) > MOST);
    await waitFor("continuous updates", () => heard().includes(CONTINUOUS_UPDATES));
    expect(heard().includes(FENCE)).toBe(true);
    await xvnc.display.moveTo(9, 9);
    await page.locator(".viewer-place canvas").click({ position: { x: 300, y: 200 } });
    await page.keyboard.press("a");
    for (const colour of [CHANGED, BACKGROUND]) {
      await xvnc.display.paintRoot(colour);
      await waitForCanvas(page, "the change", (picture) => picture.count(colour, 4) > MOST);
    }
    expect(await xvnc.display.run("xdotool", ["getmouselocation"])).toMatch(/x:9 y:9/);
    expect(await server.ask("session", "list", "--state", "open")).toMatchObject([{ role: "view" }]);
  });
});

/** Opens the desktop in the page, whose ticket is made with these words. */
async function openInBrowser(words: { role?: string; deny?: string[] }): Promise<void> {
  await page.goto(`${server.origin}/`);
  await page.unroute("**/api/v1/tickets");
  await page.route("**/api/v1/tickets", (route) =>
    route.continue({ postData: { ...(route.request().postDataJSON() as object), ...words } }),
  );
  const [desktop] = await server.listDesktops();
  await page.goto(`${server.origin}/view/${desktop!.id}`);
}

describe("the desktop's clipboard", () => {
  test("reaches a viewer that may have it", async () => {
    const viewer = await enter();
    viewer.setEncodings(0);
    viewer.requestUpdate();
    await viewer.readUpdate();
    await copyOnDesktop(`${CANARY}-1`);
    await waitFor("the clipboard", () => viewer.received().includes(`${CANARY}-1`));
  });

  test("does not reach one that may not, while the picture goes on", async () => {
    const viewer = await enter("--deny", "clipboard-out");
    const direct = await connectRfb(cleanup, { port: xvnc.port, host: "127.0.0.1" });
    await direct.handshake();
    for (const each of [viewer, direct]) {
      each.setEncodings(0, -239, -223);
      each.requestUpdate();
      await each.readUpdate();
    }
    await copyOnDesktop(`${CANARY}-2`);
    await waitFor("the clipboard on the other one", () => direct.received().includes(`${CANARY}-2`));
    viewer.requestUpdate();
    await viewer.readUpdate();
    expect(viewer.framebuffer.picture.count(BACKGROUND)).toBeGreaterThan(MOST);
    viewer.sendCutText("into the desktop");
    await waitFor("the viewer's own", async () => (await readDesktopClipboard()) === "into the desktop");
    expect(viewer.received().includes(CANARY)).toBe(false);
  });

  test("is not taken from a viewer that may not give it", async () => {
    await copyOnDesktop("kept");
    const heard = recordSent();
    const viewer = await enter("--deny", "clipboard-in");
    viewer.sendCutText(CANARY);
    viewer.setEncodings(0);
    viewer.requestUpdate();
    await viewer.readUpdate();
    expect(heard().includes(CANARY)).toBe(false);
    expect(await readDesktopClipboard()).toBe("kept");
  });

  test("stays away from noVNC, which otherwise works as ever", async () => {
    await openInBrowser({ deny: ["clipboard-out"] });
    await waitForCanvas(page, "the desktop", (picture) => picture.count(BACKGROUND, 4) > MOST);
    const terminal = xvnc.display.openTerminal({ background: "#204060", shellCommand: "yes" });
    await copyOnDesktop(`${CANARY}-3`);
    for (const colour of [CHANGED, BACKGROUND]) {
      await xvnc.display.paintRoot(colour);
      await waitForCanvas(page, "the change", (picture) => picture.count(colour, 4) > 40_000);
    }
    await terminal.stop();
    await waitForCanvas(page, "no terminal", (picture) => picture.count(BACKGROUND, 4) > MOST);
    expect(await page.evaluate("document.body.innerText")).not.toContain(CANARY);
    expect(await server.ask("session", "list", "--state", "open")).toMatchObject([
      { denied: ["clipboard-out"] },
    ]);
    await page.goto(`${server.origin}/`);
  });

  test("as long as the longest that is sent arrives by noVNC, and a longer one leaves the desktop's as it was", async () => {
    await openInBrowser({});
    await page.mouse.move(400, 2);
    await page.getByRole("button", { name: "Clipboard", exact: true }).click();
    const send = async (text: string): Promise<void> => {
      // Filled as by typing, thousands of lines take the browser a minute.
      await page.evaluate(`{
        const field = document.querySelector(".clipboard-panel textarea");
        field.value = ${JSON.stringify(text)};
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }`);
      await page.getByRole("button", { name: "Send to its clipboard" }).click();
    };
    const line = `${"a".repeat(40)}\n`;
    for (const text of ["a".repeat(262_143), line.repeat(6_241)]) {
      await send(text);
      await waitFor("the text", async () => (await readDesktopClipboard()) === text);
      await send(`${text}${line}`);
      await page.getByText("Not sent: the text is").waitFor();
      expect((await readDesktopClipboard()) === text).toBe(true);
    }
    await page.goto(`${server.origin}/`);
  });

  test.each([
    ["Tight", []],
    ["ZRLE", []],
    ["Hextile", []],
    ["Raw", []],
    ["Tight", ["-FullColor=0", "-LowColorLevel=1"]],
    ["Hextile", ["-FullColor=0", "-LowColorLevel=2"]],
    ["Tight", ["-NoJPEG=1", "-CustomCompressLevel=1", "-CompressLevel=9"]],
  ])("stays away from TigerVNC's viewer in %s %j", async (encoding, more) => {
    const terminal = xvnc.display.openTerminal({ background: "#204060", shellCommand: "ls -R /usr; yes" });
    const viewer = await openTigerViewer(display, {
      port: server.rfb,
      password: await server.createToken(DESKTOP, "--deny", "clipboard-out"),
      args: ["-AutoSelect=0", `-PreferredEncoding=${encoding}`, "-RemoteResize=0", ...more],
    });
    await viewer.waitUntil("its window", async () =>
      (await display.listWindowTitles()).includes(`${DESKTOP} - TigerVNC`),
    );
    await copyOnDesktop(`${CANARY}-4`);
    await terminal.stop();
    for (const colour of [CHANGED, BACKGROUND]) {
      await xvnc.display.paintRoot(colour);
      // With few colours the nearest one is shown.
      await waitFor("the change", async () => (await display.takePicture()).count(colour, 64) > MOST);
    }
    expect(viewer.isRunning).toBe(true);
    expect(await server.ask("session", "list", "--state", "open")).toHaveLength(1);
    const own = await display.run("xclip", ["-o", "-selection", "clipboard"]).catch(() => "");
    expect(own).not.toContain(CANARY);
    await viewer.stop();
    await noSessions();
  });

  test("stays away from TightVNC's viewer", async () => {
    const viewer = await openTightViewer(display, {
      port: server.rfb,
      password: await server.createToken(DESKTOP, "--deny", "clipboard-out"),
    });
    await display.waitForColour(BACKGROUND, MOST);
    await copyOnDesktop(`${CANARY}-5`);
    await xvnc.display.paintRoot(CHANGED);
    await display.waitForColour(CHANGED, MOST);
    expect(viewer.isRunning).toBe(true);
    await viewer.stop();
    await xvnc.display.paintRoot(BACKGROUND);
    await noSessions();
  });
});

async function noSessions(): Promise<void> {
  await waitFor(
    "no session",
    async () => (await server.ask<[]>("session", "list", "--state", "open")).length === 0,
  );
}

test("a session ends by command, and by its token's revocation, and the viewer hears of it", async () => {
  const first = await enter();
  const [{ id }] = await server.ask<[{ id: string }]>("session", "list", "--state", "open");
  await server.ask("session", "end", id);
  await first.reader.readToEnd();
  await expect(server.ask("session", "end", id)).rejects.toThrow("no such open session");
  const second = await enter();
  const [{ id: token }] = (await server.ask<{ id: string }[]>("token", "list")).slice(-1) as [{ id: string }];
  await server.ask("token", "change", token, "--role", "view");
  await second.reader.readToEnd();
  await noSessions();
  const ended = await server.ask<{ cause: string }[]>("session", "list", "--limit", "2");
  expect(ended.map(({ cause }) => cause)).toEqual(["TOKEN_CHANGED", "SESSION_ENDED"]);
});
