import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { BootSource, DiskFormat } from "../images/entry.ts";
import { jsonArgument } from "./values.ts";

type BlockDevice = Readonly<Record<string, unknown>>;

/** Drives and what to boot from. Formats are always named, so that a guest cannot write itself another one. */
export function bootArguments(boot: BootSource, paths: MachinePaths): string[] {
  switch (boot.kind) {
    case "iso":
      return [
        ...blockdev({ driver: "raw", "node-name": "cd0", "read-only": true, file: hostFile(boot.file) }),
        ...["-device", jsonArgument({ driver: "ide-cd", drive: "cd0", bus: "ide.0", bootindex: 0 })],
      ];
    case "kernel":
      return ["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.cmdline];
    case "disk":
      return [
        ...blockdev(baseNode(boot.format, boot.file)),
        ...blockdev({
          driver: "qcow2",
          "node-name": "disk0",
          file: hostFile(paths.overlay),
          // Given here, so that QEMU never follows a name written in the overlay's header.
          backing: "base0",
        }),
        ...["-device", jsonArgument({ driver: "virtio-blk-pci", drive: "disk0", bootindex: 0 })],
      ];
  }
}

function baseNode(format: DiskFormat, file: string): BlockDevice {
  const node = { driver: format, "node-name": "base0", "read-only": true, file: hostFile(file) };
  return format === "qcow2" ? { ...node, backing: null } : node;
}

function hostFile(filename: string): BlockDevice {
  return { driver: "file", filename };
}

function blockdev(node: BlockDevice): string[] {
  return ["-blockdev", jsonArgument(node)];
}
