import { LaunchError, type DiskFormat } from "../../protocol/index.ts";
import { recogniseSystem, UNKNOWN_SYSTEM, type DiskSystem } from "./recognise-system.ts";
import { readDiskGb } from "./virtual-size.ts";

/** What a disk is, besides its format. */
export interface ExaminedDisk {
  readonly system: DiskSystem;
  /** GiB, rounded up; null: not known. */
  readonly diskGb: number | null;
}

/** Looks at an inspected disk. @param workFolder for a copy of its first sectors, removed again */
export async function examineDisk(
  disk: { readonly file: string; readonly format: DiskFormat },
  workFolder: string,
  signal: AbortSignal,
): Promise<ExaminedDisk> {
  const system = await recogniseSystem(disk, workFolder, signal).catch((error: unknown) => {
    // It is only a guess about the hardware.
    if (error instanceof LaunchError) return UNKNOWN_SYSTEM;
    throw error;
  });
  return { system, diskGb: await readDiskGb(disk) };
}
