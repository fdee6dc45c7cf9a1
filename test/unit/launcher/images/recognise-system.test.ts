import { expect, test } from "vitest";
import { chooseFirmware, chooseHardware } from "../../../../launcher/images/choose-hardware.ts";
import { readSystem } from "../../../../launcher/images/recognise-system.ts";
import type { OvfMachine } from "../../../../launcher/images/ova/ovf.ts";
import { resolveHardware } from "../../../../protocol/index.ts";

const HEAD = (2048 + 64) * 512;

/** A disk whose first partition has this type, and these bytes at its beginning. */
function withPartition(
  type: number,
  start: number,
  boot: Readonly<Record<number, string | Buffer>> = {},
): Buffer {
  const head = withBoot(start, boot);
  head.writeUInt8(type, 446 + 4);
  head.writeUInt32LE(start, 446 + 8);
  return head;
}

function withBoot(start: number, boot: Readonly<Record<number, string | Buffer>>): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt16LE(0xaa55, 510);
  for (const [at, bytes] of Object.entries(boot)) head.set(Buffer.from(bytes), start * 512 + Number(at));
  return head;
}

function withGpt(types: readonly string[], bootCode = "", sector = 512): Buffer {
  const head = withPartition(0xee, 1);
  head.write(bootCode, 0, "latin1");
  head.write("EFI PART", sector, "latin1");
  head.writeBigUInt64LE(2n, sector + 72);
  head.writeUInt32LE(128, sector + 80);
  head.writeUInt32LE(128, sector + 84);
  for (const [index, type] of types.entries()) head.write(type, 2 * sector + index * 128, "hex");
  return head;
}

const ntfs = (loader: string) => ({ 3: "NTFS    ", 514: Buffer.from(loader, "utf16le") });
const fat = (at: number, text: string) => ({ 54: "FAT16   ", [at]: text });
const RESERVED = "16e3c9e35c0bb84d817df92df00215ae";
const ESP = "28732ac11ff8d211ba4b00a0c93ec93b";
const LINUX = "af3dc60f838472478e793d69d8477de4";
const BIOS_BOOT = "4861682149646f6e744e656564454649";
const UFS = "b67c6e51cf6ed6118ff800022d09712b";

test.each([
  ["nothing", Buffer.alloc(HEAD), null, false],
  ["less than a sector", Buffer.alloc(100), null, false],
  ["Linux", withPartition(0x83, 2048), "linux", false],
  ["FreeBSD", withPartition(0xa5, 63), "bsd", false],
  ["Windows of today on a PC's table", withPartition(0x07, 2048, ntfs("BOOTMGR")), "windows-10", false],
  ["Windows XP", withPartition(0x07, 63, ntfs("NTLDR")), "legacy-pc", false],
  ["NTFS that begins further on", withPartition(0x07, 1_000_000), "windows-10", false],
  ["FreeDOS", withPartition(0x06, 63, fat(0x1f1, "KERNEL  SYS")), "dos", false],
  ["MS-DOS", withPartition(0x06, 63, fat(0x1e6, "IO      SYSMSDOS   SYS")), "dos", false],
  ["a floppy of DOS without partitions", withBoot(0, fat(0x1e6, "IO      SYSMSDOS   SYS")), "dos", false],
  [
    "a file system without partitions whose code looks like a table",
    withPartition(0x07, 0, fat(3, "mkfs.fat")),
    null,
    false,
  ],
  ["FAT that SYSLINUX starts from", withPartition(0x0c, 2048, fat(3, "SYSLINUX")), null, false],
  ["Windows of today on a GPT", withGpt([ESP, RESERVED]), "windows-10", true],
  ["Windows beside Linux", withGpt([ESP, RESERVED, LINUX], "boot"), "windows-10", true],
  ["Linux on a GPT, UEFI alone", withGpt([ESP, LINUX]), "linux", true],
  ["Linux on a GPT with a BIOS's boot loader", withGpt([BIOS_BOOT, ESP, LINUX]), "linux", false],
  ["FreeBSD on a GPT", withGpt([UFS], "boot"), "bsd", false],
  ["large sectors", withGpt([ESP, LINUX], "", 4096), "linux", true],
])("%s", (_what, head, profile, isUefi) => {
  expect(readSystem(head)).toEqual({ profile, isUefi });
});

test("tables of nonsense end", () => {
  const head = withGpt([]);
  for (const [at, value] of [
    [512 + 72, 0xffff_ffff],
    [512 + 80, 0xffff_ffff],
    [512 + 84, 4096],
  ] as const)
    head.writeUInt32LE(value, at);
  expect(readSystem(head)).toEqual({ profile: null, isUefi: false });
  head.writeUInt32LE(0, 512 + 84);
  expect(readSystem(head).profile).toBeNull();
});

const unknown = { profile: null, isUefi: false };
const ovfMachine: OvfMachine = {
  ...{ disks: [], memoryMb: null, cpus: null, profile: null, disk: null, card: null },
  firmware: { kind: "bios", secureBoot: false },
};

test.each([
  // What came with virtio goes on with it.
  ["qcow2", unknown, null, undefined],
  ["raw", { profile: "linux", isUefi: false }, null, undefined],
  ["vdi", unknown, null, { profile: "linux", disk: "sata", card: "e1000" }],
  ["vmdk", { profile: "linux", isUefi: false }, null, { profile: "linux", disk: "sata", card: "e1000" }],
  ["qcow2", { profile: "windows-10", isUefi: true }, null, { profile: "windows-10" }],
  ["vmdk", unknown, ovfMachine, { profile: "linux", disk: "sata", card: "e1000" }],
  [
    "vmdk",
    unknown,
    { ...ovfMachine, disk: "ide", card: "rtl8139" },
    { profile: "linux", disk: "ide", card: "rtl8139" },
  ],
  [
    "vmdk",
    unknown,
    { ...ovfMachine, disk: "virtio", card: "virtio" },
    { profile: "linux", disk: "virtio", card: "virtio" },
  ],
  [
    "vmdk",
    { profile: "linux", isUefi: false },
    { ...ovfMachine, profile: "windows-11", disk: "ide", firmware: { kind: "uefi", secureBoot: true } },
    { profile: "windows-11", disk: "sata" },
  ],
] as const)("a %s of %j with the OVF %j", (format, system, machine, hardware) => {
  expect(chooseHardware({ format, system, machine })).toEqual(hardware);
  expect(() => resolveHardware(hardware)).not.toThrow();
});

test("firmware is what the OVF says, else what the disk shows", () => {
  expect(chooseFirmware({ system: { profile: null, isUefi: true }, machine: null }).kind).toBe("uefi");
  expect(chooseFirmware({ system: { profile: null, isUefi: true }, machine: ovfMachine }).kind).toBe("bios");
  expect(chooseFirmware({ system: unknown, machine: null }).kind).toBe("bios");
});
