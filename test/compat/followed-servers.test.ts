// Servers of other makes are followed exactly too: the picture is right to the end while the clipboard stays in.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Display, startDisplay } from "../support/display.ts";
import { findFreePort } from "../support/free-port.ts";
import { Owner } from "../support/owner.ts";
import type { Colour } from "../support/pixels.ts";
import { type PosternServer, startAgent, startServer } from "../support/postern.ts";
import { openTightViewer } from "../support/viewers.ts";
import { waitFor } from "../support/wait-for.ts";

const CANARY = "CANARY-CLIPBOARD";
const COLOURS: Colour[] = [
  [0xc0, 0x80, 0x20],
  [0x20, 0x60, 0xc0],
];
const MOST = 150_000;

const owner = new Owner();
let server: PosternServer;
let display: Display;
let screen: Display;

beforeAll(async () => {
  [server, display, screen] = await Promise.all([
    startServer(owner),
    startDisplay(owner),
    startDisplay(owner, { width: 640, height: 480 }),
  ]);
  const port = await findFreePort();
  const flags = ["-rfbport", String(port), "-localhost", "-forever", "-shared", "-nopw", "-noshm", "-q"];
  screen.start("x11vnc", ["-display", screen.name, ...flags]);
  await startAgent(owner, server, { desktops: { screen: `tcp:127.0.0.1:${port}` } });
});
afterAll(() => owner.close());

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
    await waitFor("the change", async () => (await display.look()).count(colour, 64) > MOST, {
      timeoutMs: 15_000,
      explain: () => viewer.stderr,
    });
  }
  expect(viewer.isRunning).toBe(true);
  const own = await display.run("xclip", ["-o", "-selection", "clipboard"]).catch(() => "");
  expect(own).not.toContain(CANARY);
  await viewer.stop();
});
