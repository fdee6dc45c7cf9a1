// UltraVNC's repeater, mode II: a real viewer asks for an ID, and a real VNC server dials in with one.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { openSsvncViewer, openTightViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const LAPTOP = "old-laptop";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
const LAPTOP_BACKGROUND: RgbColour = [0xa0, 0x40, 0x10];
const MOST = 150_000;

const cleanup = new CleanupStack();
let server: PosternServer;
let display: XDisplay;
let laptop: XDisplay;
let ports: { repeaterViewers: number; repeaterServers: number };

beforeAll(async () => {
  let xvnc: Awaited<ReturnType<typeof startXvnc>>;
  [server, xvnc, display, laptop] = await Promise.all([
    startServerProgram(cleanup, {
      args: ["--repeater-viewers", "127.0.0.1:0", "--repeater-servers", "127.0.0.1:0"],
    }),
    startXvnc(cleanup, { name: "secret-name" }),
    startDisplay(cleanup, { width: 1400, height: 1000 }),
    startDisplay(cleanup, { width: 640, height: 480 }),
  ]);
  ports = JSON.parse(await readFile(server.readyFile, "utf8")) as typeof ports;
  await Promise.all([xvnc.display.paintRoot(BACKGROUND), laptop.paintRoot(LAPTOP_BACKGROUND)]);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
});
afterAll(() => cleanup.close());

async function createNumber(side: "desktop" | "server", name: string): Promise<string> {
  return (await server.ask<{ number: string }>("repeater", "create", `--${side}`, name)).number;
}

function openSsvnc(token: string, wanted: string) {
  return openSsvncViewer(display, {
    port: ports.repeaterViewers,
    password: token,
    args: ["-repeater", wanted],
  });
}

test("ssvnc's viewer asks for an ID and reaches its desktop with a token", async () => {
  const number = await createNumber("desktop", DESKTOP);
  const viewer = await openSsvnc(await server.createToken(DESKTOP), `ID:${number}`);
  await display.waitForColour(BACKGROUND, MOST);
  expect(viewer.output).toMatch(/repeater/i);
  await viewer.stop();
});

test("ssvnc's viewer that names an address (mode I) gets nothing", async () => {
  const viewer = await openSsvnc(await server.createToken(DESKTOP), "127.0.0.1:22");
  await viewer.waitForExit();
  expect(await server.ask<unknown[]>("session", "list", "--state", "open")).toHaveLength(0);
});

test("x11vnc dials in with an ID, and its screen is a desktop like any other", async () => {
  const number = await createNumber("server", LAPTOP);
  const connect = `repeater=ID:${number}+127.0.0.1:${ports.repeaterServers}`;
  const x11vnc = laptop.start("x11vnc", ["-display", laptop.name, "-rfbport", "0", "-connect", connect]);
  await waitFor("the desktop", async () =>
    (await server.listDesktops()).some(({ name, state }) => name === LAPTOP && state === "online"),
  );
  const token = await server.createToken(LAPTOP);
  const viewer = await openTightViewer(display, { port: server.rfb, password: token });
  await display.waitForColour(LAPTOP_BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`TightVNC: ${LAPTOP}`);
  await viewer.stop();
  await x11vnc.stop();
  await waitFor("its end", async () =>
    (await server.listDesktops()).some(({ name, state }) => name === LAPTOP && state === "offline"),
  );
});
