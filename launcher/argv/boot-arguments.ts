import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { extraDiskNode } from "../model/snapshot-nodes.ts";
import { blockdev, hostFile, imageNode, rawFile, type BlockNode } from "../model/block-nodes.ts";
import {
  cdArguments,
  diskArguments,
  diskControllerArguments,
  seedDriveArguments,
} from "./drive-arguments.ts";

type BootSpec = Pick<
  MachineSpec,
  "boot" | "arch" | "master" | "emptyDisk" | "firmware" | "hardware" | "extraDisks" | "extraCd"
>;

/**
 * Drives and boot order. Formats are always named, so that a guest cannot forge another one.
 * @param customized a qcow2 file between the image and the machine's own disk; null: none
 */
export function bootArguments(spec: BootSpec, paths: MachinePaths, customized: string | null): string[] {
  return [
    ...diskControllerArguments(spec),
    ...bootSourceArguments(spec, paths, customized),
    ...(spec.extraCd === undefined
      ? []
      : [...blockdev(discNode("cd1", spec.extraCd)), ...cdArguments(spec, 1, { node: "cd1" })]),
  ];
}

function bootSourceArguments(spec: BootSpec, paths: MachinePaths, customized: string | null): string[] {
  const { boot } = spec;
  switch (boot.kind) {
    case "iso":
      return [
        ...(spec.emptyDisk ? ownDisk(spec, paths) : []),
        ...blockdev(discNode("cd0", boot.file)),
        // An empty disk has nothing to boot; once a system is installed, it boots first.
        ...cdArguments(spec, 0, { node: "cd0", bootindex: spec.emptyDisk ? 1 : 0 }),
      ];
    case "kernel":
      return [
        // QEMU itself boots the kernel first.
        ...(spec.emptyDisk ? ownDisk(spec, paths, 1) : []),
        ...["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.cmdline],
      ];
    case "disk":
      if (spec.master) return [...blockdev(imageNode("disk0", boot.format, boot.file)), ...systemDrive(spec)];
      return [
        ...blockdev({ ...imageNode("base0", boot.format, boot.file), "read-only": true }),
        ...(customized === null ? [] : blockdev(customizedNode(customized))),
        // Given here, so that QEMU never follows a name written in the overlay's header.
        ...blockdev({ ...ownNode("disk0", paths.overlay), backing: customized === null ? "base0" : "base1" }),
        ...systemDrive(spec),
        ...(spec.extraDisks ?? []).flatMap((disk, index) => {
          const [base, node] = [`extra${index}`, extraDiskNode(index)];
          return [
            ...blockdev({ ...imageNode(base, disk.format, disk.file), "read-only": true }),
            ...blockdev({ ...ownNode(node, paths.extraOverlay(index)), backing: base }),
            ...diskArguments(spec, index === 0 ? 2 : 3, { node }),
          ];
        }),
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

function ownNode(name: string, file: string): BlockNode {
  // What the guest frees is given back to the host.
  return {
    driver: "qcow2",
    "node-name": name,
    discard: "unmap",
    file: { ...hostFile(file), discard: "unmap" },
  };
}

function discNode(name: string, file: string): BlockNode {
  return { ...rawFile(name, file), "read-only": true };
}

function ownDisk(spec: BootSpec, paths: MachinePaths, bootindex = 0): string[] {
  return [
    ...blockdev({ ...ownNode("disk0", paths.overlay), backing: null }),
    ...systemDrive(spec, bootindex),
  ];
}

function systemDrive(spec: BootSpec, bootindex = 0): string[] {
  return diskArguments(spec, 0, { node: "disk0", bootindex });
}

/** The seed of cloud-init. */
export function seedArguments(spec: Pick<BootSpec, "arch" | "hardware">, file: string): string[] {
  return [...blockdev(discNode("seed0", file)), ...seedDriveArguments(spec, "seed0")];
}
