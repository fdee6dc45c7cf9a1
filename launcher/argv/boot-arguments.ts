import type { MachinePaths } from "../model/machine-paths.ts";
import type { Architecture } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { blockdev, hostFile, imageNode, rawFile, type BlockNode } from "../model/block-nodes.ts";
import { jsonArgument } from "../model/argument-syntax.ts";

type BootSpec = Pick<MachineSpec, "boot" | "arch" | "master" | "emptyDisk" | "firmware">;

/**
 * Drives and boot order. Formats are always named, so that a guest cannot forge another one.
 * @param customized a qcow2 file between the image and the machine's own disk; null: none
 */
export function bootArguments(spec: BootSpec, paths: MachinePaths, customized: string | null): string[] {
  const { boot } = spec;
  switch (boot.kind) {
    case "iso":
      return [
        ...(spec.emptyDisk ? ownDisk(paths) : []),
        ...blockdev({ ...rawFile("cd0", boot.file), "read-only": true }),
        // An empty disk has nothing to boot; once a system is installed, it boots first.
        ...cdRom(spec.arch, spec.emptyDisk ? 1 : 0),
      ];
    case "kernel":
      return [
        // QEMU itself boots the kernel first.
        ...(spec.emptyDisk ? ownDisk(paths, 1) : []),
        ...["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.cmdline],
      ];
    case "disk":
      if (spec.master) return [...blockdev(imageNode("disk0", boot.format, boot.file)), ...drive()];
      return [
        ...blockdev({ ...imageNode("base0", boot.format, boot.file), "read-only": true }),
        ...(customized === null ? [] : blockdev(customizedNode(customized))),
        // Given here, so that QEMU never follows a name written in the overlay's header.
        ...blockdev({ ...ownNode(paths), backing: customized === null ? "base0" : "base1" }),
        ...drive(),
      ];
  }
}

/** The node that a machine's memory is saved in when it has no disk of its own. */
export function memoryHolderArguments(paths: MachinePaths): string[] {
  return blockdev({
    driver: "qcow2",
    "node-name": "state0",
    file: hostFile(paths.memoryHolder),
    backing: null,
  });
}

function customizedNode(file: string): BlockNode {
  return {
    driver: "qcow2",
    "node-name": "base1",
    "read-only": true,
    file: hostFile(file),
    backing: "base0",
  };
}

function ownNode(paths: MachinePaths): Readonly<Record<string, unknown>> {
  // What the guest frees is given back to the host.
  return {
    driver: "qcow2",
    "node-name": "disk0",
    discard: "unmap",
    file: { ...hostFile(paths.overlay), discard: "unmap" },
  };
}

function ownDisk(paths: MachinePaths, bootindex = 0): string[] {
  return [...blockdev({ ...ownNode(paths), backing: null }), ...drive(bootindex)];
}

function drive(bootindex = 0): string[] {
  return ["-device", jsonArgument({ driver: "virtio-blk-pci", drive: "disk0", bootindex })];
}

/** ARM boards have no IDE. */
function cdRom(arch: Architecture, bootindex: number): string[] {
  if (arch === "x86_64")
    return ["-device", jsonArgument({ driver: "ide-cd", drive: "cd0", bus: "ide.0", bootindex })];
  return [
    ...["-device", jsonArgument({ driver: "virtio-scsi-pci", id: "scsi0" })],
    ...["-device", jsonArgument({ driver: "scsi-cd", drive: "cd0", bus: "scsi0.0", bootindex })],
  ];
}

/** The seed as a disk: small kernels of cloud images have no CD driver. */
export function seedArguments(file: string): string[] {
  const node = {
    driver: "raw",
    "node-name": "seed0",
    "read-only": true,
    file: { driver: "file", filename: file },
  };
  return [
    ...["-blockdev", jsonArgument(node)],
    ...["-device", jsonArgument({ driver: "virtio-blk-pci", drive: "seed0" })],
  ];
}
