import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProcess } from "../../support/test-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "./launcher-fixture.ts";

const amounts = { memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } };

describe("requests and images", () => {
  let launcherFixture: LauncherFixture;
  beforeEach(async () => {
    launcherFixture = await LauncherFixture.make();
  });
  afterEach(() => launcherFixture.close());

  async function openWith(...images: object[]) {
    const catalogueFile = join(launcherFixture.folder, "catalogue.json");
    await writeFile(catalogueFile, JSON.stringify({ images }));
    return launcherFixture.open({ catalogueFile });
  }

  const disk = (id: string, format: string, file: string) => ({
    ...{ id, title: id, description: "", ...amounts },
    boot: { kind: "disk", format, file: join(launcherFixture.folder, file) },
  });

  test("a name is used once, and a host gives no memory that it has not", async () => {
    const launcher = await launcherFixture.open();
    await launcher.create({ id: "m1", name: "one", image: "memtest86+" });
    const create = (changes: object) =>
      launcher.create({ id: "m2", name: "two", image: "memtest86+", ...changes });
    await expect(create({ name: "one" })).rejects.toMatchObject({ code: "MACHINE_NAME_TAKEN" });
    await expect(create({ id: "m1" })).rejects.toMatchObject({ code: "MACHINE_EXISTS" });
    await expect(create({ image: "other" })).rejects.toMatchObject({ code: "IMAGE_UNKNOWN" });
    await expect(create({ memoryMb: 4_000_000 })).rejects.toMatchObject({ code: "HOST_MEMORY" });
    await expect(create({ cpus: 256 })).rejects.toMatchObject({ code: "HOST_CPUS" });
    await expect(create({ memoryMb: 16 })).rejects.toMatchObject({ code: "IMAGE_LIMIT" });
    await expect(launcher.start("m1")).rejects.toMatchObject({ code: "MACHINE_RUNNING" });
    await expect(launcher.stop("m9", true)).rejects.toMatchObject({ code: "MACHINE_UNKNOWN" });
    expect(launcher.machines()).toHaveLength(1);
  });

  test("an image that names another file of the host is refused", async () => {
    await writeFile(join(launcherFixture.folder, "secret"), Buffer.alloc(65_536));
    const make = (...args: string[]) => runProcess("qemu-img", ["create", "-q", "-f", "qcow2", ...args]);
    const inFolder = (name: string) => join(launcherFixture.folder, name);
    await make("-F", "raw", "-b", inFolder("secret"), inFolder("backed"));
    await make("-o", `data_file=${inFolder("data")}`, inFolder("split"), "1M");
    const launcher = await openWith(disk("backed", "qcow2", "backed"), disk("split", "qcow2", "split"));
    expect(await launcher.images()).toMatchObject([
      { available: false, reason: "The image cannot be used: it names a backing file." },
      { available: false, reason: "The image cannot be used: it keeps its data in another file." },
    ]);
    for (const image of ["backed", "split"])
      await expect(launcher.create({ id: "m1", name: "m", image })).rejects.toMatchObject({
        code: "IMAGE_UNAVAILABLE",
      });
  });

  test("a machine writes to its own overlay, kept when it stops; the base stays as it was", async () => {
    const base = Buffer.alloc(1_048_576);
    // A boot sector that writes itself to the second sector, then halts: int 13h, function 3.
    Buffer.from("b80103bb007cb90200ba8000cd13f4ebfd", "hex").copy(base);
    base.writeUInt16BE(0x55aa, 510);
    await writeFile(join(launcherFixture.folder, "base,with=comma"), base);
    const launcher = await openWith(disk("raw", "raw", "base,with=comma"));
    await launcher.create({ id: "m1", name: "m", image: "raw" });
    await launcherFixture.waitForState(launcher, "m1", "booting");
    const overlay = join(launcherFixture.options.stateDir, "m1", "overlay.qcow2");
    await waitFor("the guest's write", () => readFileSync(overlay).includes(base.subarray(0, 17)), {
      timeoutMs: 30_000,
    });
    await launcher.stop("m1", true);
    await launcherFixture.waitForState(launcher, "m1", "stopped");
    expect(existsSync(overlay)).toBe(true);
    expect(readFileSync(join(launcherFixture.folder, "base,with=comma")).equals(base)).toBe(true);
    await launcher.start("m1");
    await launcherFixture.waitForState(launcher, "m1", "booting");
    expect(readFileSync(overlay).includes(base.subarray(0, 17))).toBe(true);
  });

  test("a QEMU that cannot start says why, without the host's paths", async () => {
    await writeFile(join(launcherFixture.folder, "kernel"), "not a kernel");
    const file = join(launcherFixture.folder, "kernel");
    const boot = { kind: "kernel", kernel: file, initrd: file, cmdline: "" };
    const launcher = await openWith({ id: "k", title: "k", description: "", ...amounts, boot });
    await launcher.create({ id: "m1", name: "m", image: "k" });
    const { reason } = await launcherFixture.waitForState(launcher, "m1", "failed");
    expect(reason).toMatch(/^QEMU ended with status 1. It said: .*kernel/);
    expect(reason).not.toContain(launcherFixture.folder);
  });
});
