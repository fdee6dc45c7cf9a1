import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, onTestFinished, test, vi } from "vitest";
import { defineImageChange } from "../../../../bin/commands/image-change.ts";
import { imageEntry } from "../../../../protocol/index.ts";

async function makeFolders() {
  const folder = await mkdtemp(join(tmpdir(), "postern-image-change-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [images, machine] = [join(folder, "images"), join(folder, "machines", "m1")];
  await mkdir(images, { mode: 0o700 });
  await mkdir(machine, { recursive: true });
  const [former, current, further] = [
    join(images, "lab.qcow2"),
    join(images, "lab.0123456789ab.qcow2"),
    join(images, "lab.ba9876543210.qcow2"),
  ];
  for (const file of [former, current, further]) await writeFile(file, "x");
  const entry = imageEntry.parse({
    ...{ id: "lab", title: "Lab", description: "", boot: { kind: "disk", format: "qcow2", file: current } },
    ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
    extraDisks: [{ format: "qcow2", file: further }],
  });
  await writeFile(join(images, "lab.json"), JSON.stringify(entry));
  const use = (file: string) =>
    writeFile(join(machine, "spec.json"), JSON.stringify({ name: "mine", boot: { file } }));
  return { folder, former, further, use };
}

async function run(...words: string[]): Promise<void> {
  const command = new Command().exitOverride();
  defineImageChange(command);
  const output = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await command.parseAsync(words, { from: "user" });
  } finally {
    output.mockRestore();
  }
}

test("an image is not removed while a machine is built on a file of before, or on a further disk", async () => {
  const { folder, former, further, use } = await makeFolders();
  for (const file of [former, further]) {
    await use(file);
    const removal = run("remove", "lab", "--data", folder);
    await expect(removal).rejects.toMatchObject({ code: "IMAGE_IN_USE", message: /mine/ });
    expect(existsSync(file)).toBe(true);
  }
  await use("/elsewhere/other.qcow2");
  await run("remove", "lab", "--data", folder);
  expect([former, further].some((file) => existsSync(file))).toBe(false);
});
