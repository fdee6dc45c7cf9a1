import type { DiskFormat } from "../../../protocol/index.ts";
import type { ImageBytes } from "./image-bytes.ts";
import { isVpc } from "./vpc.ts";

/** A file's format by its content. `raw`: none of the others. */
export type ContentFormat = DiskFormat | "ova" | "other";

interface Signature {
  readonly format: ContentFormat;
  readonly at: number;
  /** Latin-1. */
  readonly bytes: string;
}

/** The signatures that QEMU itself goes by, and archives that are no disks. */
const SIGNATURES: readonly Signature[] = [
  { format: "qcow2", at: 0, bytes: "QFI\xfb" },
  { format: "qed", at: 0, bytes: "QED\0" },
  { format: "vmdk", at: 0, bytes: "KDMV" },
  { format: "vmdk", at: 0, bytes: "COWD" },
  { format: "vmdk", at: 0, bytes: "# Disk DescriptorFile" },
  { format: "vmdk", at: 0, bytes: "\xbe\xba\xfe\xca\0\0\0\0" },
  { format: "vdi", at: 64, bytes: "\x7f\x10\xda\xbe" },
  { format: "vhdx", at: 0, bytes: "vhdxfile" },
  { format: "ova", at: 257, bytes: "ustar" },
  { format: "other", at: 0, bytes: "WithoutFreeSpace" },
  { format: "other", at: 0, bytes: "WithouFreSpacExt" },
  { format: "other", at: 0, bytes: "LUKS\xba\xbe" },
  { format: "other", at: 0, bytes: "Bochs Virtual HD Image" },
  { format: "other", at: 0, bytes: "#!/bin/sh\n#V2.0 Format" },
  { format: "other", at: 0, bytes: "\x1f\x8b" },
  { format: "other", at: 0, bytes: "\xfd7zXZ\0" },
  { format: "other", at: 0, bytes: "\x28\xb5\x2f\xfd" },
  { format: "other", at: 0, bytes: "BZh" },
  { format: "other", at: 0, bytes: "PK\x03\x04" },
  { format: "other", at: 0, bytes: "7z\xbc\xaf\x27\x1c" },
];
const SIGNATURE_BYTES = 512;
const KOLY = 512;

/** Detects a file's format by its content, never by its name. */
export async function detectFormat(bytes: ImageBytes): Promise<ContentFormat> {
  const start = (await bytes.read(0, SIGNATURE_BYTES)).toString("latin1");
  const found = SIGNATURES.find(({ at, bytes: signature }) => start.startsWith(signature, at));
  if (found !== undefined) return found.format;
  // VMware's descriptor may have comments and blank lines in front.
  if (/^(?:\s*(?:#.*)?\n)*\s*version\s*=\s*\d/i.test(start) && /^\s*createType\s*=|^\s*CID\s*=/im.test(start))
    return "vmdk";
  if (await isVpc(bytes)) return "vpc";
  const end = await bytes.read(bytes.size - KOLY, 4);
  return end.toString("latin1") === "koly" ? "other" : "raw";
}
