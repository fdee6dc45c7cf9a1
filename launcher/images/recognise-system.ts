import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DiskFormat, HardwareProfile } from "../../protocol/index.ts";
import { copyDiskHead } from "./qemu-img.ts";

const SECTOR = 512;
export const UNKNOWN_SYSTEM: DiskSystem = { profile: null, isUefi: false };
/** The partition table, and the boot sectors of a first partition at sector 63 or 2048, with what follows them. */
const HEAD_SECTORS = 2048 + 64;
const MAX_GPT_ENTRIES = 128;

/** What a disk's first sectors say about the system on it; null: nothing. */
export interface DiskSystem {
  readonly profile: HardwareProfile | null;
  /** It boots by UEFI alone. */
  readonly isUefi: boolean;
}

/** Types of partitions in the table of a PC. */
const MBR_TYPES: Readonly<Record<number, HardwareProfile>> = {
  0x82: "linux",
  0x83: "linux",
  0x8e: "linux",
  0xfd: "linux",
  0xa5: "bsd",
  0xa6: "bsd",
  0xa9: "bsd",
};
/** NTFS or exFAT. */
const MBR_NTFS = 0x07;
const MBR_GPT = 0xee;
const FAT_TYPES: readonly number[] = [0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e];

/** Types of partitions of a GPT, as they are on the disk, or how they end. */
const GPT_TYPES: readonly (readonly [string, HardwareProfile])[] = [
  // Microsoft's reserved partition: its basic data partitions were Linux's, too.
  ["16e3c9e35c0bb84d817df92df00215ae", "windows-10"],
  ["7c6e51cf6ed6118ff800022d09712b", "bsd"],
  ["a0c74c82a836e311890a952519ad3f61", "bsd"],
  ["8df4490eb1dc11b99b0019d1879648", "bsd"],
  ["af3dc60f838472478e793d69d8477de4", "linux"],
  ["79d3d6e607f5c244a23c238f2a3df928", "linux"],
  ["e3bc684fcde8b14d96e7fbcaf984b709", "linux"],
];
const GPT_EFI = "28732ac11ff8d211ba4b00a0c93ec93b";
const GPT_BIOS_BOOT = "4861682149646f6e744e656564454649";

/** Where two systems share a disk, the one with the fewest drivers decides. */
const ORDER: readonly HardwareProfile[] = ["legacy-pc", "windows-10", "bsd", "dos", "linux"];

/**
 * Looks at the first sectors of a disk.
 * @param workFolder for a copy of them, removed again
 * @throws LaunchError `QEMU_IMG_FAILED`
 */
export async function recogniseSystem(
  disk: { readonly file: string; readonly format: DiskFormat },
  workFolder: string,
  signal: AbortSignal,
): Promise<DiskSystem> {
  const folder = await mkdtemp(join(workFolder, ".head-"));
  try {
    const head = join(folder, "head");
    await copyDiskHead(disk, head, HEAD_SECTORS, signal);
    return readSystem(await readFile(head));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param head the first sectors of a disk, as many as there are */
export function readSystem(head: Buffer): DiskSystem {
  if (head.length < SECTOR || head.readUInt16LE(510) !== 0xaa55) return UNKNOWN_SYSTEM;
  const partitions = [0, 1, 2, 3].map((index) => {
    const at = 446 + index * 16;
    return { type: head.readUInt8(at + 4), start: head.readUInt32LE(at + 8) };
  });
  if (partitions.some(({ type }) => type === MBR_GPT)) return readGpt(head);
  // A file system may have the whole disk: what would be the table is its loader's code then.
  if (hasFileSystem(head.toString("latin1", 0, SECTOR)))
    return { profile: recogniseBootSector(head, 0) ?? null, isUefi: false };
  const found = partitions.map(({ type, start }) => {
    if (type === MBR_NTFS) return recogniseBootSector(head, start) ?? "windows-10";
    return FAT_TYPES.includes(type) ? recogniseBootSector(head, start) : MBR_TYPES[type];
  });
  return { profile: choose(found), isUefi: false };
}

/** Header in sector 1 or, with large sectors, at 4096: `EFI PART`, first entry U64 at 72, count U32 at 80, size U32 at 84. */
function readGpt(head: Buffer): DiskSystem {
  const sector = [SECTOR, 4096].find((size) => head.toString("latin1", size, size + 8) === "EFI PART");
  if (sector === undefined || head.length < sector + 92) return UNKNOWN_SYSTEM;
  const first = Number(head.readBigUInt64LE(sector + 72)) * sector;
  const count = Math.min(head.readUInt32LE(sector + 80), MAX_GPT_ENTRIES);
  const size = head.readUInt32LE(sector + 84);
  if (size < 128 || size > 4096) return UNKNOWN_SYSTEM;
  const types = Array.from({ length: count }, (_, index) => {
    const at = first + index * size;
    return head.toString("hex", at, at + 16);
  });
  const profile = choose(
    types.map((type) => GPT_TYPES.find(([ending]) => type.length === 32 && type.endsWith(ending))?.[1]),
  );
  // Windows starts from a GPT by UEFI alone, others from a BIOS where there is something to start.
  const hasBiosBoot = types.includes(GPT_BIOS_BOOT) || head.subarray(0, 440).some((byte) => byte !== 0);
  return { profile, isUefi: types.includes(GPT_EFI) && (profile === "windows-10" || !hasBiosBoot) };
}

/** The boot sectors of NTFS and FAT name the file that they load. */
function recogniseBootSector(head: Buffer, start: number): HardwareProfile | undefined {
  const sectors = head.subarray(start * SECTOR, (start + 16) * SECTOR);
  const text = sectors.toString("latin1");
  if (text.length < SECTOR) return undefined;
  if (text.startsWith("NTFS    ", 3)) {
    const wide = (name: string): boolean => sectors.includes(Buffer.from(name, "utf16le"));
    return wide("NTLDR") && !wide("BOOTMGR") ? "legacy-pc" : "windows-10";
  }
  if (!hasFileSystem(text)) return undefined;
  const boot = text.slice(0, 3 * SECTOR);
  if (boot.includes("BOOTMGR")) return "windows-10";
  if (boot.includes("NTLDR")) return "legacy-pc";
  return /IO {6}SYS|IBMBIO {2}COM|KERNEL {2}SYS|WINBOOT SYS/.test(boot) ? "dos" : undefined;
}

/** Whether a boot sector is NTFS's or FAT's. */
function hasFileSystem(sector: string): boolean {
  return sector.startsWith("NTFS    ", 3) || sector.startsWith("FAT", 54) || sector.startsWith("FAT32", 82);
}

function choose(found: readonly (HardwareProfile | undefined)[]): HardwareProfile | null {
  return ORDER.find((profile) => found.includes(profile)) ?? null;
}
