import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, onTestFinished, test } from "vitest";
import {
  addImageEntryFlags,
  makeImageEntry,
  readImageEntry,
  type ImageEntryFlags,
  type KnownImage,
} from "../../../../bin/commands/image-entry-options.ts";

const boot = { kind: "disk", format: "qcow2", file: "/a" } as const;

/** The entry that a command line makes. */
function entryOf(words: readonly string[], known?: KnownImage) {
  const command = addImageEntryFlags(new Command().exitOverride());
  command.parse(words, { from: "user" });
  return makeImageEntry("a", command.opts<ImageEntryFlags>(), boot, known);
}

test("nothing said and nothing known is as it always was", () => {
  const entry = entryOf([]);
  expect(entry).toMatchObject({
    ...{ arch: "x86_64", display: "std", displays: [], network: "isolated", script: "none" },
    ...{ memoryMb: { default: 1024, min: 256 }, cpus: { default: 1, min: 1 } },
    firmware: { kind: "bios", secureBoot: false, tpm: false },
  });
  for (const field of ["hardware", "diskGb", "extraDisks", "extraCd", "qemuArgs"])
    expect(entry).not.toHaveProperty(field);
});

const known: KnownImage = {
  ...{ memoryMb: 2048, cpus: 4, diskGb: 7, firmware: { kind: "uefi", secureBoot: false } },
  hardware: { profile: "windows-10", disk: "ide" },
};

test("what is known is taken, and what is said comes before it", () => {
  expect(entryOf([], known)).toMatchObject({
    ...{ memoryMb: { default: 2048 }, cpus: { default: 4 }, diskGb: { default: 7, min: 7 } },
    firmware: { kind: "uefi", secureBoot: false, tpm: false },
    hardware: { profile: "windows-10", disk: "ide" },
  });
  const said = [
    "--memory",
    "512M",
    "--cpus",
    "1",
    "--firmware",
    "bios",
    "--disk-bus",
    "sata",
    "--sound",
    "none",
  ];
  expect(entryOf(said, known)).toMatchObject({
    ...{ memoryMb: { default: 512 }, cpus: { default: 1 }, firmware: { kind: "bios" } },
    hardware: { profile: "windows-10", disk: "sata", sound: "none" },
  });
  expect(entryOf(["--profile", "bsd"], known).hardware).toEqual({ profile: "bsd" });
});

test("Windows 11 gets what it requires, unless it is not wanted", () => {
  const profile = ["--profile", "windows-11"];
  expect(entryOf(profile).firmware).toEqual({ kind: "uefi", secureBoot: true, tpm: true });
  expect(entryOf([...profile, "--firmware", "uefi", "--no-tpm"]).firmware).toEqual({
    ...{ kind: "uefi", secureBoot: false, tpm: false },
  });
});

test("displays, architecture, firmware, TPM, a second CD and arguments for QEMU", () => {
  const words = ["--display", "virtio", "--displays", "std,qxl", "--firmware", "uefi-secure", "--tpm"];
  const more = ["--extra-cd", "/drivers.iso", "--qemu-arg=-device", "--qemu-arg", "edu", "--no-hyperv"];
  expect(entryOf([...words, ...more])).toMatchObject({
    ...{ display: "virtio", displays: ["std", "qxl"], extraCd: "/drivers.iso", qemuArgs: ["-device", "edu"] },
    firmware: { kind: "uefi", secureBoot: true, tpm: true },
    hardware: { profile: "linux", hyperv: false },
  });
  // What was found out about a PC's disk does not fit.
  expect(entryOf(["--arch", "aarch64"], known)).toMatchObject({ arch: "aarch64" });
  expect(entryOf(["--arch", "aarch64"], known)).not.toHaveProperty("hardware");
});

test.each([
  [["--disk-bus", "ide", "--board", "q35"], /wrong at hardware: the board q35 has no disk bus ide/],
  [["--board", "pc", "--firmware", "uefi-secure"], /no Secure Boot/],
  [["--arch", "aarch64", "--profile", "dos"], /aarch64 has no disk bus ide/],
  [["--displays", "std,mda"], /displays/],
])("%j makes no entry", (words, why) => {
  expect(() => entryOf(words)).toThrow(why);
});

test("a keyboard layout that QEMU does not have is refused here, though catalogues of before may hold it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "postern-entry-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "entry.json");
  await writeFile(file, JSON.stringify({ ...entryOf([]), keymap: "zz" }));
  await expect(readImageEntry(file)).rejects.toMatchObject({ code: "IMAGE_ENTRY", message: /layout "zz"/ });
});
