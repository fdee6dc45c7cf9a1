import { readdirSync, readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bitmap } from "../../support/bitmap.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const request = { id: "m1", name: "memory", image: "memtest86+" } as const;

describe("a machine", () => {
  let launcherFixture: LauncherFixture;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
  });
  afterEach(() => launcherFixture.close());

  test("boots to running, shows its screen by QMP and VNC, and takes keys", async () => {
    const launcher = await launcherFixture.open();
    const created = await launcher.create(request);
    expect(created).toMatchObject({ state: "preparing", memoryMb: 64, cpus: 1 });
    const running = await launcherFixture.waitForState(launcher, "m1", "running");
    expect(running.accel).toBe("tcg");
    expect(launcherFixture.states).toEqual(["preparing", "booting", "running"]);

    const shot = await launcher.screenshot("m1", 320);
    const small = Bitmap.decode(Buffer.from(shot.png, "base64"));
    expect([shot.width, shot.height, small.width]).toEqual([720, 400, 320]);
    expect(small.count([0, 0, 0], 30)).toBeLessThan(0.9 * small.width * small.height);

    const [published] = launcher.displays();
    const { socketPath, vncPassword } = published!.display;
    expect(statSync(socketPath).mode & 0o777).toBe(0o700);
    const viewer = await connectRfb(launcherFixture.cleanup, { path: socketPath });
    const greeting = await viewer.handshake({ password: vncPassword! });
    expect(greeting.offered).toEqual([2]);
    expect(greeting.name).not.toContain("memory");

    const before = Bitmap.decode(Buffer.from((await launcher.screenshot("m1", 4096)).png, "base64"));
    viewer.pressKey(0xffbe);
    // memtest86+'s menu is a box of another colour.
    await waitFor("the configuration menu", async () => {
      const now = Bitmap.decode(Buffer.from((await launcher.screenshot("m1", 4096)).png, "base64"));
      return now.countDifferences(before) > 10_000;
    });
  });

  test("is a process whose command line holds no secret, and whose files are private", async () => {
    const launcher = await launcherFixture.open();
    await launcher.create(request);
    await launcherFixture.waitForState(launcher, "m1", "booting");
    // The state may be told a moment before the display is there.
    await waitFor("its display", () => launcher.displays().length > 0);
    const { vncPassword } = launcher.displays()[0]!.display;
    const commandLine = readFileSync(`/proc/${launcherFixture.pidOf("m1")}/cmdline`, "utf8");
    expect(commandLine).not.toContain(vncPassword);
    const folder = `${launcherFixture.options.stateDir}/m1`;
    for (const name of readdirSync(folder)) expect(statSync(`${folder}/${name}`).mode & 0o077).toBe(0);
  });
});
