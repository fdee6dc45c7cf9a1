import { describe, expect, test } from "vitest";
import {
  findHardwareFault,
  HARDWARE_PROFILES,
  hardwareProfile,
  imageEntry,
  imageHardware,
  machineHardware,
  resolveHardware,
  sentImage,
} from "../../../../protocol/index.ts";

const entry = {
  ...{ id: "a", title: "A", description: "", boot: { kind: "disk", format: "qcow2", file: "/a" } },
  ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
};

describe("hardware", () => {
  test("is what it has always been where nothing is said", () => {
    const usual = {
      disk: "virtio",
      card: "virtio",
      board: "q35",
      clock: "utc",
      hyperv: false,
      sound: "none",
    };
    expect(resolveHardware(undefined)).toEqual(usual);
    expect(resolveHardware(imageHardware.parse({}))).toEqual(usual);
    expect(machineHardware.parse({})).toEqual(usual);
    // An older host does not take an entry that names a field which it does not know.
    expect(imageEntry.parse(entry)).not.toHaveProperty("hardware");
  });

  test.each(hardwareProfile.options)("%s exists, on its own and sent to a host", (profile) => {
    const hardware = HARDWARE_PROFILES[profile];
    expect(findHardwareFault(hardware, { arch: "x86_64", secureBoot: profile === "windows-11" })).toBeNull();
    const parsed = imageEntry.parse({ ...entry, hardware: { profile } });
    expect(resolveHardware(parsed.hardware)).toEqual(hardware);
    expect(sentImage.parse({ ...parsed, boot: { kind: "disk", format: "qcow2" } }).hardware).toEqual({
      profile,
    });
  });

  test("what is said differs from the profile, and an IDE disk brings its board", () => {
    expect(resolveHardware({ profile: "windows-10", disk: "nvme", sound: "none" })).toEqual({
      ...HARDWARE_PROFILES["windows-10"],
      disk: "nvme",
      sound: "none",
    });
    expect(resolveHardware({ profile: "windows-10", disk: "ide" })).toMatchObject({
      disk: "ide",
      board: "pc",
    });
  });

  test.each([
    [{ hardware: { disk: "ide", board: "q35" } }, /no disk bus ide/],
    [{ hardware: { board: "pc" }, firmware: { kind: "uefi", secureBoot: true } }, /no Secure Boot/],
    [{ hardware: { disk: "sata" }, arch: "aarch64" }, /no disk bus sata/],
    [{ hardware: { profile: "dos" }, arch: "aarch64" }, /no disk bus ide/],
    [{ hardware: { sound: "sb16" }, arch: "aarch64" }, /no sound card sb16/],
    [{ hardware: { hyperv: true }, arch: "aarch64" }, /no Hyper-V/],
    [{ hardware: { card: "ne2000" } }, /Invalid option/],
    [{ boot: { kind: "iso", file: "/a" }, extraDisks: [{ format: "raw", file: "/b" }] }, /further disks/],
    [{ keymap: "../zz" }, /Invalid string/],
  ])("%j is no image", (changes, why) => {
    const { error } = imageEntry.safeParse({ ...entry, ...changes });
    expect(error?.issues[0]?.message).toMatch(why);
  });

  // The last one is no layout of QEMU: catalogues of before have such, and must not keep a host from starting.
  test.each(["fr", "bepo", "de-ch", "pt-br", "zz"])("an entry may hold the layout %s", (keymap) => {
    expect(imageEntry.parse({ ...entry, keymap }).keymap).toBe(keymap);
  });
});
