import { open, type FileHandle } from "node:fs/promises";
import type { BootSource } from "./entry.ts";
import { findQcow2Fault, QCOW2_HEADER_LENGTH } from "./qcow2-header.ts";

export type ImageFault =
  { readonly kind: "missing"; readonly file: string } | { readonly kind: "unsafe"; readonly why: string };

/** The host files that a boot source reads. */
export function listBootFiles(boot: BootSource): string[] {
  return boot.kind === "kernel" ? [boot.kernel, boot.initrd] : [boot.file];
}

/** Looks at an image's files before they are used; null: nothing speaks against it. */
export async function inspectImage(boot: BootSource): Promise<ImageFault | null> {
  for (const file of listBootFiles(boot)) {
    let handle: FileHandle;
    try {
      handle = await open(file, "r");
    } catch {
      return { kind: "missing", file };
    }
    try {
      if (!(await handle.stat()).isFile()) return { kind: "unsafe", why: "it is not an ordinary file" };
      if (boot.kind !== "disk" || boot.format !== "qcow2") continue;
      const header = Buffer.alloc(QCOW2_HEADER_LENGTH);
      const { bytesRead } = await handle.read(header, 0, header.length, 0);
      const why = findQcow2Fault(header.subarray(0, bytesRead));
      if (why !== null) return { kind: "unsafe", why };
    } finally {
      await handle.close();
    }
  }
  return null;
}
