// Servers of other makes are followed exactly too: the picture is right to the end while the clipboard stays in.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { findFreePort } from "../support/free-port.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { openTightViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";

const CANARY = "CANARY-CLIPBOARD";
const COLOURS: RgbColour[] = [
  [0xc0, 0x80, 0x20],
  [0x20, 0x60, 0xc0],
];
const MOST = 150_000;

const cleanup = new CleanupStack();
let server: PosternServer;
let display: XDisplay;
let screen: XDisplay;

beforeAll(async () => {
  [server, display, screen] = await Promise.all([
    startServerProgram(cleanup),
    startDisplay(cleanup),
    startDisplay(cleanup, { width: 640, height: 480 }),
  ]);
  const port = await findFreePort();
  const flags = ["-rfbport", String(port), "-localhost", "-forever", "-shared", "-nopw", "-noshm", "-q"];
  screen.start("x11vnc", ["-display", screen.name, ...flags]);
  await startAgentProgram(cleanup, server, { desktops: { screen: `tcp:127.0.0.1:${port}` } });
});
afterAll(() => cleanup.close());

test.each([
  ["tight", []],
  ["tight", ["-compresslevel", "0"]],
  ["tight", ["-bgr233", "-nojpeg"]],
  ["hextile", []],
  ["zlib", []],
  ["corre", []],
  ["rre", []],
  ["raw", ["-bgr233"]],
])("x11vnc in %s %j", async (encoding, more) => {
  const terminal = screen.openTerminal({ background: "#204060", shellCommand: "ls -R /usr; yes" });
  const password = await server.createToken("screen", "--deny", "clipboard-out");
  const args = ["-encodings", `${encoding} copyrect`, ...more];
  const viewer = await openTightViewer(display, { port: server.rfb, password, args });
  screen.start("xclip", ["-selection", "clipboard", "-quiet"], { input: CANARY });
  await waitFor("its window", async () => (await display.listWindowTitles()).includes("TightVNC: screen"));
  await terminal.stop();
  for (const colour of COLOURS) {
    await screen.paintRoot(colour);
    await waitFor("the change", async () => (await display.takePicture()).count(colour, 64) > MOST, {
      timeoutMs: 15_000,
      explain: () => viewer.stderr,
    });
  }
  expect(viewer.isRunning).toBe(true);
  const own = await display.run("xclip", ["-o", "-selection", "clipboard"]).catch(() => "");
  expect(own).not.toContain(CANARY);
  await viewer.stop();
});
