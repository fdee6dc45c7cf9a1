// The offer table: viewers of Debian with their defaults get in at each listener, or the documents say what they need.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RgbColour } from "../support/bitmap.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  OFFER_LISTENERS,
  OFFER_VIEWERS,
  type OfferListener,
  type OfferViewer,
  type WindowStep,
} from "../support/matrix/offer-viewers.ts";
import { type OfferRelay, startOfferRelay } from "../support/offer-relay.ts";
import { type PosternServer, startAgentProgram, startServerProgram } from "../support/postern.ts";
import type { TestProcess } from "../support/test-process.ts";
import { writeVncPassword } from "../support/vnc-password.ts";
import { waitFor } from "../support/wait-for.ts";
import { startDisplay, type XDisplay } from "../support/x-display.ts";
import { startXrdp } from "../support/xrdp.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
/** Of the desktop's 307,200: the rest may be below a viewer's own bars. */
const MOST = 100_000;
/** What JPEG does to a colour. */
const TOLERANCE = 8;

/** Pixels of a caret that blinks, or of a wheel that turns, in a window that stands still. */
const MOVING = 2_000;

const shared = new CleanupStack();
const cleanup = new CleanupStack();
const relays = {} as Record<OfferListener, OfferRelay>;
let server: PosternServer;
let token: string;

beforeAll(async () => {
  server = await startServerProgram(shared);
  const xvnc = await startXvnc(shared, { name: "secret-name" });
  await xvnc.display.paintRoot(BACKGROUND);
  await startAgentProgram(shared, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  token = await server.createToken(DESKTOP);
  relays.rfb = await startOfferRelay(shared, server.rfb);
  relays.listen = await startOfferRelay(shared, server.listen);
  relays.tunnel = await startOfferRelay(shared, server.listen, { insideTls: true });
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

/** A viewer on a screen and in a session of its own: a bus, and a home that it has never seen. */
async function openViewer(viewer: OfferViewer, port: number): Promise<[XDisplay, TestProcess]> {
  const display = await startDisplay(cleanup, { width: 1400, height: 1000 });
  const settings = path.join(display.folder, ".config");
  await mkdir(settings);
  // Its questions would stand before krdc's own window.
  await writeFile(path.join(settings, "kwalletrc"), "[Wallet]\nEnabled=false\n");
  // GNOME Connections' first start shows a tour over its window.
  const keyfile = path.join(settings, "glib-2.0", "settings");
  await mkdir(keyfile, { recursive: true });
  await writeFile(path.join(keyfile, "keyfile"), "[org/gnome/Connections]\nfirst-run=false\n");
  const file = await writeVncPassword(display.folder, token);
  const bus = `unix:path=${path.join(display.folder, "bus")}`;
  const daemon = display.start("dbus-daemon", ["--session", "--nofork", "--print-address", "--address", bus]);
  await daemon.waitForOutput(/unix:/);
  const target =
    viewer.throughXrdp === true ? await startXrdp(cleanup, { vncPort: port, password: token }) : port;
  const [command, ...args] = viewer.command(target, file);
  const env = {
    DBUS_SESSION_BUS_ADDRESS: bus,
    XDG_RUNTIME_DIR: display.folder,
    NO_AT_BRIDGE: "1",
    GSETTINGS_BACKEND: "keyfile",
  };
  return [display, display.start(command, args, { env })];
}

async function useWindow(display: XDisplay, { title, keys }: WindowStep): Promise<void> {
  await waitFor(
    `the window ${title}`,
    async () => (await display.listWindowTitles()).some((one) => new RegExp(title).test(one)),
    { timeoutMs: 30_000 },
  );
  await waitFor("its focus", () => display.focusWindow(title).catch(() => undefined));
  for (const key of keys) await (key === "TOKEN" ? display.typeText(token) : display.pressKeys(key));
}

/** The viewer has chosen, and its window stands still. */
async function waitForField(display: XDisplay, relay: OfferRelay): Promise<void> {
  await waitFor("its choice", () => relay.chosen() !== null, { timeoutMs: 30_000 });
  let last = await display.takePicture();
  let same = 0;
  await waitFor("its field", async () => {
    const picture = await display.takePicture();
    same = picture.countDifferences(last) <= MOVING ? same + 1 : 0;
    last = picture;
    return same >= 3;
  });
}

describe.each(OFFER_VIEWERS)("$title", (viewer) => {
  test.each(OFFER_LISTENERS)("at %s", async (listener) => {
    const relay = relays[listener];
    relay.forget();
    const [display, program] = await openViewer(viewer, relay.port);
    if (viewer.fails?.at === listener) {
      const { takes } = viewer.fails;
      await waitFor("its choice", () => relay.chosen() === takes, { timeoutMs: 30_000 });
      return;
    }
    if (viewer.asksInPlace === true) await waitForField(display, relay);
    for (const step of viewer.windows) await useWindow(display, step);
    await waitFor(
      "the desktop's colour",
      async () => (await display.takePicture()).count(BACKGROUND, TOLERANCE) >= MOST,
      { timeoutMs: 30_000, explain: () => program.output.slice(-2_000) },
    );
    expect(relay.chosen()).toBe(viewer.takes);
  });
});
