// An image made out of packages, started by BIOS for TigerVNC's viewer and by UEFI for the browser: its greeter, a login, a
// terminal that obeys the keyboard, and a desktop that takes the browser window's size.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageEntry } from "../../protocol/index.ts";
import { readCanvas, openWall } from "../e2e/browser-steps.ts";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour, Bitmap } from "../support/bitmap.ts";
import { type PosternServer, runJson, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { openTigerViewer } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";

const PASSWORD = "correct-horse";
const WHITE: RgbColour = [255, 255, 255];
const BLACK: RgbColour = [0, 0, 0];
/** The recipe's background, of greeter and desktop. */
const BACKGROUND: RgbColour = [0x2e, 0x4a, 0x62];
/** The border of the box that has the keyboard. */
const FOCUS: RgbColour = [53, 132, 228];
const MAGENTA: RgbColour = [200, 0, 200];
/** Paints a terminal, without a character that needs a shift key. */
const PAINT = "printf '\\e[48;2;200;0;200m'; clear";
/** Another shape than the guest starts with; QEMU rounds widths up to a multiple of 16. */
const SMALLER = { width: 1120, height: 630 };
/** Pictures to look at. */
const RESULTS = "test/results/image-build";
/** Without KVM, on a busy machine. */
const BUILD_MS = 1_500_000;
const BOOT_MS = 900_000;
const LOOK_EVERY_MS = 1500;

describe("image build debian-desktop", () => {
  const cleanup = new CleanupStack();
  let server: PosternServer;
  let page: Page;
  let display: XDisplay;
  let images: string;
  let built: ImageEntry & { readonly login: { readonly user: string; readonly password?: string } };

  beforeAll(async () => {
    const folder = await cleanup.makeFolder();
    images = join(folder, "images");
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    const options = ["--user", "ann", "--password-file", passwordFile, "--packages", "bc"];
    built = await runJsonSlowly(["image", "build", "debian-desktop", "--images", images, ...options]);
    const { login: _login, ...entry } = built;
    const catalogue = join(folder, "catalogue.json");
    const withBios = [{ ...entry, id: "debian-bios", firmware: { kind: "bios" } }];
    await writeFile(catalogue, JSON.stringify({ images: withBios }));
    await mkdir(RESULTS, { recursive: true });
    const args = ["--images", images, "--catalogue", catalogue, "--stop-grace", "300"];
    server = await startServerProgram(cleanup, { command: "up", args });
    display = await startDisplay(cleanup, { width: 1400, height: 900 });
    page = await openWall(cleanup, server);
    // Both start at once: most of it is waiting.
    await server.ask("vm", "create", "debian-bios", "--name", "bios");
    await server.ask("vm", "create", "debian-desktop", "--name", "uefi");
  }, BUILD_MS);
  afterAll(() => cleanup.close(), 180_000);

  test("makes an entry and a file that is safe, and tells no password that was given", async () => {
    expect(built).toMatchObject({ id: "debian-desktop", firmware: { kind: "uefi" }, login: { user: "ann" } });
    expect(built.login.password).toBeUndefined();
    const [found] = await runJson<{ safe: boolean }[]>([
      "image",
      "inspect",
      "debian-desktop",
      "--images",
      images,
    ]);
    expect(found?.safe).toBe(true);
  });

  test(
    "starts by BIOS; TigerVNC's viewer logs in at its greeter and opens a terminal",
    async () => {
      const token = await server.createToken(await findDesktop("bios"));
      await openTigerViewer(display, {
        port: server.rfb,
        password: token,
        args: ["-RemoteResize=0", "-AutoSelect=0", "-NoJPEG=1"],
      });
      const look = async () => {
        const { x, y, width, height } = await display.focusWindow(" - TigerVNC$");
        return (await display.takePicture()).crop(x, y, width, height);
      };
      await see("bios greeter", look, isGreeter);
      await typeLine(PASSWORD);
      await see("bios desktop", look, isDesktop);
      await display.pressKeys("ctrl+alt+t");
      await see("bios terminal", look, hasTerminal);
      await typeLine(PAINT);
      await see("bios painted terminal", look, isPainted);
      await runJsonSlowly(["vm", "stop", "bios", "--force", "--data", server.data]);

      async function typeLine(text: string): Promise<void> {
        await display.typeText(text);
        await display.pressKeys("Return");
      }
    },
    3 * BOOT_MS,
  );

  test(
    "starts by UEFI; the browser logs in at its greeter, opens a terminal and gives the desktop its window's size",
    async () => {
      await page.goto(`${server.origin}/view/${await findDesktop("uefi")}`);
      const look = () => readCanvas(page);
      await see("uefi greeter", look, isGreeter);
      await typeLine(PASSWORD);
      await see("uefi desktop", look, isDesktop);
      await page.keyboard.press("Control+Alt+t");
      await see("uefi terminal", look, hasTerminal);
      await typeLine(PAINT);
      await see("uefi painted terminal", look, isPainted);

      const follow = page.getByRole("button", { name: "Desktop takes the window’s size" });
      // The bar comes to the pointer at the upper edge.
      await page.mouse.move(640, 2);
      await follow.click();
      await page.setViewportSize(SMALLER);
      const hasNewSize = ({ width, height }: Bitmap) => width === SMALLER.width && height === SMALLER.height;
      // The panel at the lower edge moves too: it is the guest that has another size, not a picture that is cut.
      await see("uefi smaller", look, (picture) => hasNewSize(picture) && hasPanel(picture));

      await runJsonSlowly(["vm", "stop", "uefi", "--data", server.data]);
      const isOff = async () => (await machine("uefi")).state === "stopped";
      await waitFor("the power button to be heeded", isOff, { timeoutMs: BOOT_MS });

      async function typeLine(text: string): Promise<void> {
        await page.keyboard.type(text, { delay: 40 });
        await page.keyboard.press("Enter");
      }
    },
    3 * BOOT_MS,
  );

  async function machine(name: string): Promise<{ name: string; state: string; desktop: string | null }> {
    const all = await server.ask<{ name: string; state: string; desktop: string | null }[]>("vm", "list");
    return all.find((one) => one.name === name)!;
  }

  function findDesktop(name: string): Promise<string> {
    return waitFor("its desktop", async () => (await machine(name)).desktop, { timeoutMs: BOOT_MS });
  }
});

/** Waits until the screen is as wanted, and keeps its picture. */
async function see(
  what: string,
  look: () => Promise<Bitmap>,
  isThere: (picture: Bitmap) => boolean,
): Promise<void> {
  const file = join(RESULTS, `${what.replaceAll(" ", "-")}.png`);
  const probe = async (): Promise<boolean> => {
    await delay(LOOK_EVERY_MS);
    const picture = await look();
    await writeFile(file, picture.encode());
    return isThere(picture);
  };
  await waitFor(what, probe, { timeoutMs: BOOT_MS, explain: () => `It shows ${file}.` });
}

function share(picture: Bitmap, colour: RgbColour): number {
  return picture.count(colour, 3) / (picture.width * picture.height);
}

/** One whose box for the password takes the keyboard. */
function isGreeter(picture: Bitmap): boolean {
  return share(picture, BACKGROUND) > 0.6 && share(picture, WHITE) > 0.03 && picture.count(FOCUS, 3) > 500;
}

function isDesktop(picture: Bitmap): boolean {
  return share(picture, WHITE) < 0.02 && hasPanel(picture);
}

/** Over the background, which a text console does not have. */
function hasTerminal(picture: Bitmap): boolean {
  return share(picture, BLACK) > 0.1 && share(picture, BACKGROUND) > 0.2;
}

function isPainted(picture: Bitmap): boolean {
  return share(picture, MAGENTA) > 0.1;
}

/** A panel with icons and a clock along the lower edge, where greeter and boot messages have one colour. */
function hasPanel(picture: Bitmap): boolean {
  const colours = new Set<string>();
  for (let y = picture.height - 20; y < picture.height - 4; y += 1)
    for (let x = 0; x < picture.width; x += 1) colours.add(picture.at(x, y).join());
  return colours.size > 100;
}

/** A build takes longer than `runJson` waits, and so does anything on a host that two guests keep busy. */
async function runJsonSlowly<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runProcess("bin/postern", [...args, "--json"], {
    timeoutMs: BUILD_MS,
  });
  if (code !== 0) throw new Error(`postern ${args.join(" ")} ended with ${code}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as T;
}
