// An image made out of packages, started by UEFI and by BIOS: its greeter, a login, and a terminal that obeys the keyboard.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLauncher, type ImageEntry, type Launcher } from "../../launcher/index.ts";
import { systemClock } from "../../protocol/index.ts";
import { Owner } from "../support/owner.ts";
import { type Colour, Picture } from "../support/pixels.ts";
import { runJson } from "../support/postern.ts";
import { connectRfb, type RfbClient } from "../support/rfb-client.ts";
import { runProcess } from "../support/process.ts";
import { waitFor } from "../support/wait-for.ts";

const PASSWORD = "correct-horse";
const WHITE: Colour = [255, 255, 255];
/** The recipe's background, of greeter and desktop. */
const BACKGROUND: Colour = [0x2e, 0x4a, 0x62];
const MAGENTA: Colour = [200, 0, 200];
/** Paints a terminal, without a character that needs a shift key. */
const PAINT = "printf '\\e[48;2;200;0;200m'; clear";
const [RETURN, CONTROL, ALT, T] = [0xff0d, 0xffe3, 0xffe9, 0x74];
/** Pictures to look at. */
const RESULTS = "test/results/image-build";
/** Without KVM, on a busy machine. */
const BUILD_MS = 1_500_000;
const BOOT_MS = 900_000;
/** Each picture costs the guest something. */
const LOOK_EVERY_MS = 1500;

describe("image build debian-desktop", () => {
  const owner = new Owner();
  let launcher: Launcher;
  let images: string;
  let built: ImageEntry & { readonly login: { readonly user: string; readonly password?: string } };

  beforeAll(async () => {
    const folder = await owner.makeFolder();
    images = join(folder, "images");
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    const options = ["--user", "ann", "--password-file", passwordFile, "--packages", "bc"];
    built = await runJsonSlowly(["image", "build", "debian-desktop", "--images", images, ...options]);
    const { login: _login, ...entry } = built;
    const catalogueFile = join(folder, "catalogue.json");
    const withBios = [{ ...entry, id: "debian-bios", firmware: { kind: "bios" } }];
    await writeFile(catalogueFile, JSON.stringify({ images: withBios }));
    await mkdir(RESULTS, { recursive: true });
    launcher = await openLauncher({
      ...{
        catalogueFile,
        imagesDir: images,
        stateDir: join(folder, "state"),
        runtimeDir: join(folder, "run"),
      },
      ...{
        accel: "auto",
        stopGraceMs: 120_000,
        allowedShares: [],
        networks: { allow: [], forward: [] },
        vmUser: null,
        passages: [],
      },
      limits: { maxInstances: 2, maxLoad: 1000, memoryReserveMb: 64 },
      ...{ log: pino({ level: "silent" }), clock: systemClock },
    });
  }, BUILD_MS);
  afterAll(async () => {
    await Promise.all(launcher.machines().map(({ id }) => launcher.remove(id)));
    await launcher.close();
    await owner.close();
  }, 180_000);

  /** Waits until the screen is as wanted, and keeps its picture. */
  async function see(id: string, what: string, isThere: (picture: Picture) => boolean): Promise<Picture> {
    const file = join(RESULTS, `${id}-${what.replaceAll(" ", "-")}.png`);
    const look = async (): Promise<Picture | undefined> => {
      await delay(LOOK_EVERY_MS);
      const png = Buffer.from((await launcher.screenshot(id, 4096)).png, "base64");
      await writeFile(file, png);
      const picture = Picture.decode(png);
      return isThere(picture) ? picture : undefined;
    };
    return waitFor(`${what} of ${id}`, look, { timeoutMs: BOOT_MS, explain: () => `It shows ${file}.` });
  }

  async function control(id: string): Promise<RfbClient> {
    const { socketPath, vncPassword } = launcher.screens().find(({ machine }) => machine.id === id)!.screen;
    const viewer = await connectRfb(owner, { path: socketPath });
    await viewer.handshake({ password: vncPassword! });
    return viewer;
  }

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
    "starts by UEFI and by BIOS to a greeter, takes user and password, and opens a terminal",
    async () => {
      await launcher.create({ id: "bios", name: "bios", image: "debian-bios" });
      await launcher.create({ id: "uefi", name: "uefi", image: "debian-desktop" });
      await Promise.all(["bios", "uefi"].map((id) => see(id, "greeter", isGreeter)));
      await launcher.stop("bios", true);

      const viewer = await control("uefi");
      type(viewer, PASSWORD);
      await see("uefi", "desktop", isDesktop);
      viewer.pressKeys([CONTROL, ALT, T]);
      await see("uefi", "terminal", (picture) => share(picture, [0, 0, 0]) > 0.15);
      type(viewer, PAINT);
      await see("uefi", "painted terminal", (picture) => share(picture, MAGENTA) > 0.15);

      await launcher.stop("uefi", false);
      const stateOf = () => launcher.machines().find(({ id }) => id === "uefi")?.state;
      await waitFor("the power button to be heeded", () => stateOf() === "stopped", { timeoutMs: BOOT_MS });
    },
    3 * BOOT_MS,
  );
});

/** Types a line. */
function type(viewer: RfbClient, text: string): void {
  for (const character of text) viewer.pressKey(character.charCodeAt(0));
  viewer.pressKey(RETURN);
}

function share(picture: Picture, colour: Colour): number {
  return picture.count(colour, 3) / (picture.width * picture.height);
}

function isGreeter(picture: Picture): boolean {
  return share(picture, BACKGROUND) > 0.6 && share(picture, WHITE) > 0.03;
}

function isDesktop(picture: Picture): boolean {
  return share(picture, WHITE) < 0.02 && hasPanel(picture);
}

/** A panel with icons and a clock along the lower edge, where greeter and boot messages have one colour. */
function hasPanel(picture: Picture): boolean {
  const colours = new Set<string>();
  for (let y = picture.height - 20; y < picture.height - 4; y += 1)
    for (let x = 0; x < picture.width; x += 1) colours.add(picture.at(x, y).join());
  return colours.size > 100;
}

/** A build takes longer than `runJson` waits. */
async function runJsonSlowly<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runProcess("bin/postern", [...args, "--json"], {
    timeoutMs: BUILD_MS,
  });
  if (code !== 0) throw new Error(`postern ${args.join(" ")} ended with ${code}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as T;
}
