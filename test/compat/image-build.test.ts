import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
const RETURN = 0xff0d;
/** Without KVM, on a busy machine. */
const BUILD_MS = 1_500_000;
const BOOT_MS = 900_000;

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
    launcher = await openLauncher({
      ...{
        catalogueFile: null,
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

  async function look(id: string): Promise<Picture> {
    return Picture.decode(Buffer.from((await launcher.screenshot(id, 4096)).png, "base64"));
  }

  function type(viewer: RfbClient, text: string): void {
    for (const character of text) viewer.pressKey(character.charCodeAt(0));
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
    "starts with UEFI to a greeter, takes user and password, and shows a desktop",
    async () => {
      await launcher.create({ id: "d1", name: "desktop", image: "debian-desktop", memoryMb: 1024 });
      const share = (picture: Picture, colour: Colour): number =>
        picture.count(colour, 3) / (picture.width * picture.height);
      const isGreeter = (picture: Picture): boolean =>
        share(picture, BACKGROUND) > 0.6 && share(picture, WHITE) > 0.03;
      await waitFor("the greeter", async () => isGreeter(await look("d1")), { timeoutMs: BOOT_MS });
      const screen = launcher.screens().find(({ machine }) => machine.id === "d1")!.screen;
      const viewer = await connectRfb(owner, { path: screen.socketPath });
      await viewer.handshake({ password: screen.vncPassword! });
      type(viewer, PASSWORD);
      viewer.pressKey(RETURN);
      const isDesktop = (picture: Picture): boolean => share(picture, WHITE) < 0.02 && hasPanel(picture);
      await waitFor("the desktop", async () => isDesktop(await look("d1")), { timeoutMs: BOOT_MS });
      await launcher.stop("d1", false);
      await waitFor("the power button to be heeded", () => launcher.machines()[0]?.state === "stopped", {
        timeoutMs: BOOT_MS,
      });
    },
    2 * BOOT_MS,
  );
});

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
