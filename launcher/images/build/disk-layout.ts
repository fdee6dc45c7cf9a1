const SECTOR = 512;
const MIB = 1024 * 1024;
const FIRST = 1 * MIB;
/** Space for three kernels with their RAM disks. */
const ESP = 512 * MIB;
/** The backup table and its header at the end of the disk. */
const LAST = 1 * MIB;

export interface DiskLayout {
  readonly diskBytes: number;
  readonly espOffset: number;
  readonly espSectors: number;
  readonly rootOffset: number;
  readonly rootBytes: number;
}

/** GPT with the firmware's partition first and the root file system last, so that it can grow. */
export function planDiskLayout(sizeGb: number): DiskLayout {
  const diskBytes = sizeGb * 1024 * MIB;
  const rootOffset = FIRST + ESP;
  return {
    diskBytes,
    espOffset: FIRST,
    espSectors: ESP / SECTOR,
    rootOffset,
    rootBytes: diskBytes - rootOffset - LAST,
  };
}

/** What sfdisk reads. BIOS machines start from the partition with the attribute, UEFI ones from the type. */
export function describePartitions(
  layout: DiskLayout,
  ids: { disk: string; esp: string; root: string },
): string {
  const at = (offset: number, bytes: number): string => `start=${offset / SECTOR}, size=${bytes / SECTOR}`;
  return [
    "label: gpt",
    `label-id: ${ids.disk}`,
    "unit: sectors",
    "",
    `${at(layout.espOffset, layout.espSectors * SECTOR)}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, ` +
      `uuid=${ids.esp}, name="EFI system", attrs="LegacyBIOSBootable"`,
    `${at(layout.rootOffset, layout.rootBytes)}, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, ` +
      `uuid=${ids.root}, name="root"`,
    "",
  ].join("\n");
}
