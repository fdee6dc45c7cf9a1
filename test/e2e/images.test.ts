import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runJson, runPostern } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";

interface Row {
  readonly id: string;
  readonly from: string;
  readonly available: boolean;
  readonly reason?: string;
}

describe("postern image", () => {
  const cleanup = new CleanupStack();
  let folder: string;
  let images: string[];
  beforeAll(async () => {
    folder = await cleanup.makeFolder();
    images = ["--images", join(folder, "images")];
    const make = (format: string, name: string, ...more: string[]) =>
      runProcess("qemu-img", ["create", "-q", "-f", format, ...more, join(folder, name), "1M"]);
    await make("vdi", "good.vdi");
    await make("qcow2", "bad.qcow2", "-u", "-F", "raw", "-b", "/etc/passwd");
  });
  afterAll(() => cleanup.close());

  const list = async (): Promise<Map<string, Row>> =>
    new Map((await runJson<Row[]>(["image", "list", ...images])).map((row) => [row.id, row]));

  test("imports a disk, lists it, changes it, and removes it", async () => {
    const imported = await runPostern(["image", "import", "lab", join(folder, "good.vdi"), ...images]);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.stdout).toMatch(
      /^Image lab is there: .*lab\.qcow2\nHardware: linux, disk sata, network card e1000, board q35\n$/,
    );
    const progress = imported.stderr.trim().split("\n");
    expect(JSON.parse(progress.at(-1)!)).toMatchObject({ progress: { title: "Convert", fraction: 1 } });
    expect((await list()).get("lab")).toMatchObject({ from: "folder", available: true });
    await runJson(["image", "resize", "lab", "--size", "1", ...images]);
    const [found] = await runJson<object[]>(["image", "inspect", "lab", ...images]);
    expect(found).toMatchObject({ format: "qcow2", safe: true, virtualBytes: 2 ** 30 });
    await runJson(["image", "remove", "lab", ...images]);
    expect((await list()).has("lab")).toBe(false);
    expect(await readdir(join(folder, "images"))).toEqual([]);
  });

  test("public images are there to be fetched, with the command that does", async () => {
    const cloud = (await list()).get("debian-cloud");
    expect(cloud).toMatchObject({ from: "public", available: false });
    expect(cloud?.reason).toContain("postern image download debian-cloud");
  });

  test("says why an image is refused, and ends with 1", async () => {
    const bad = join(folder, "bad.qcow2");
    const inspected = await runPostern(["image", "inspect", bad]);
    expect(inspected).toMatchObject({ code: 1, stdout: `${bad}: cannot be used: it names a backing file\n` });
    const added = await runPostern(["image", "add", "bad", "--file", bad, "--format", "qcow2", ...images]);
    expect(added).toMatchObject({ code: 1, stdout: "" });
    expect(added.stderr).toContain("it names a backing file");
  });

  test("wrong usage ends with 2: no folder, an entry that is none, a user that is none", async () => {
    await writeFile(join(folder, "entry.json"), JSON.stringify({ id: "x" }));
    for (const args of [
      ["list"],
      ["add", "--entry", join(folder, "entry.json"), ...images],
      ["build", "debian-desktop", "--user", "Root;", ...images],
      ["build", "no-such-recipe", ...images],
      ["download", "debian-cloud", "--sha256", "12", ...images],
    ])
      expect(await runPostern(["image", ...args]), args.join(" ")).toMatchObject({ code: 2 });
  });
});
