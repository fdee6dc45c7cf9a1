import type { DiskFormat } from "../../protocol/index.ts";
import { FileBytes, type ImageBytes } from "./formats/image-bytes.ts";
import { readQcow2Size } from "./formats/qcow2.ts";
import { readQedSize } from "./formats/qed.ts";
import { readVdiSize } from "./formats/vdi.ts";
import { readVhdxSize } from "./formats/vhdx.ts";
import { readVmdkSize } from "./formats/vmdk.ts";
import { readVpcSize } from "./formats/vpc.ts";

const GIB = 1024 ** 3;
/** The largest disk that anything is counted as. */
const MAX_GB = 65_536;

const READERS: Readonly<Record<DiskFormat, (bytes: ImageBytes) => Promise<number | null>>> = {
  qcow2: readQcow2Size,
  raw: ({ size }) => Promise.resolve(size),
  vdi: readVdiSize,
  vmdk: readVmdkSize,
  vpc: readVpcSize,
  vhdx: readVhdxSize,
  qed: readQedSize,
};

interface DiskFile {
  readonly format: DiskFormat;
  readonly file: string;
}

/** How large a guest finds a disk, by the image's header: GiB, rounded up; null: it cannot be read. */
export async function readDiskGb({ format, file }: DiskFile): Promise<number | null> {
  const bytes = await FileBytes.open(file).catch(() => null);
  if (bytes === null) return null;
  try {
    const size = await READERS[format](bytes);
    return size === null || size <= 0 ? null : Math.min(MAX_GB, Math.ceil(size / GIB));
  } finally {
    await bytes.close();
  }
}

/** All disks of an image together; null: it has none, or one cannot be read. */
export async function readAllDisksGb(disks: readonly DiskFile[]): Promise<number | null> {
  const sizes = await Promise.all(disks.map(readDiskGb));
  return sizes.length === 0
    ? null
    : sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size));
}
