import { expect, test } from "vitest";
import { bootArguments } from "../../../../launcher/argv/boot-arguments.ts";
import { snapshotNodes, systemDisk } from "../../../../launcher/model/snapshot-nodes.ts";
import { diskFormat } from "../../../../protocol/index.ts";
import { devicesOf, paths, specOf, valuesOf } from "./spec-fixture.ts";

const disk = (format: string) => ({ boot: { kind: "disk", format, file: "/images/base,snapshot=on" } });
const iso = { boot: { kind: "iso", file: "/images/a,snapshot=on.iso" } };
const boot = (changes: object, customized: string | null = null) =>
  bootArguments(specOf(changes), paths, customized);

const file = { driver: "file", filename: "/images/base,snapshot=on" };
const own = {
  ...{ driver: "qcow2", "node-name": "disk0", discard: "unmap" },
  file: { driver: "file", filename: "/var/lib/vms/m1/overlay.qcow2", discard: "unmap" },
};
const disc = {
  ...{ driver: "raw", "node-name": "cd0", "read-only": true },
  file: { driver: "file", filename: "/images/a,snapshot=on.iso" },
};
const drive = { driver: "virtio-blk-pci", drive: "disk0", bootindex: 0 };

test.each(diskFormat.options)(
  "a %s disk is a read-only base under an overlay, its format named",
  (format) => {
    const argv = boot(disk(format));
    // Formats that know backing files are told that there is none.
    const closed = format === "qcow2" || format === "qed" ? { backing: null } : {};
    expect(valuesOf(argv, "-blockdev")).toEqual([
      { driver: format, "node-name": "base0", "read-only": true, file, ...closed },
      { ...own, backing: "base0" },
    ]);
    expect(devicesOf(argv)).toEqual([drive]);
  },
);

test("a disk that boot scripts changed stands, read-only, between the image and the overlay", () => {
  expect(valuesOf(boot(disk("vdi"), "/var/lib/vms/m1/customized.qcow2"), "-blockdev")).toEqual([
    { driver: "vdi", "node-name": "base0", "read-only": true, file },
    {
      ...{ driver: "qcow2", "node-name": "base1", "read-only": true, backing: "base0" },
      file: { driver: "file", filename: "/var/lib/vms/m1/customized.qcow2" },
    },
    { ...own, backing: "base1" },
  ]);
});

test.each(diskFormat.options)("a %s master is written to itself", (format) => {
  const argv = boot({ ...disk(format), master: true });
  const closed = format === "qcow2" || format === "qed" ? { backing: null } : {};
  expect(valuesOf(argv, "-blockdev")).toEqual([{ driver: format, "node-name": "disk0", file, ...closed }]);
  expect(devicesOf(argv)).toEqual([drive]);
});

test("an ISO is read-only and of a named format", () => {
  expect(valuesOf(boot(iso), "-blockdev")).toEqual([disc]);
  expect(devicesOf(boot(iso))).toEqual([{ driver: "ide-cd", drive: "cd0", bus: "ide.0", bootindex: 0 }]);
});

test("an ISO has no IDE to be on with ARM", () => {
  expect(devicesOf(boot({ ...iso, arch: "aarch64" }))).toEqual([
    { driver: "virtio-scsi-pci", id: "scsi0" },
    { driver: "scsi-cd", drive: "cd0", bus: "scsi0.0", bootindex: 0 },
  ]);
});

test("an empty disk comes before the ISO that installs on it", () => {
  const argv = boot({ ...iso, emptyDisk: true });
  expect(valuesOf(argv, "-blockdev")).toEqual([{ ...own, backing: null }, disc]);
  expect(devicesOf(argv)).toEqual([drive, { driver: "ide-cd", drive: "cd0", bus: "ide.0", bootindex: 1 }]);
});

test("a kernel comes with initrd and command line, and a disk if it shall have one", () => {
  const kernel = { boot: { kind: "kernel", kernel: "/k", initrd: "/i", cmdline: "quiet, please" } };
  const argv = boot(kernel);
  expect(valuesOf(argv, "-kernel")).toEqual(["/k"]);
  expect(valuesOf(argv, "-initrd")).toEqual(["/i"]);
  expect(valuesOf(argv, "-append")).toEqual(["quiet, please"]);
  expect(valuesOf(argv, "-blockdev")).toEqual([]);
  const beside = boot({ ...kernel, emptyDisk: true });
  expect(valuesOf(beside, "-blockdev")).toEqual([{ ...own, backing: null }]);
  // QEMU refuses two devices in the same place, and the kernel has the first.
  expect(devicesOf(beside)).toEqual([{ ...drive, bootindex: 1 }]);
});

const uefi = { firmware: { kind: "uefi" } };
test.each([
  [iso, "none", ["state0"]],
  [{ ...iso, emptyDisk: true }, "own", ["disk0"]],
  [{ ...iso, ...uefi }, "none", ["vars0"]],
  [disk("vdi"), "own", ["disk0"]],
  [{ ...disk("raw"), ...uefi }, "own", ["disk0", "vars0"]],
  [{ ...disk("qcow2"), master: true }, "master", ["disk0"]],
  [{ ...disk("raw"), master: true }, "foreign", []],
  [{ ...disk("raw"), ...uefi, master: true }, "foreign", []],
])("%j holds snapshots where it writes", (changes, kind, names) => {
  expect(systemDisk(specOf(changes))).toBe(kind);
  expect(snapshotNodes(specOf(changes), paths).map((node) => node.name)).toEqual(names);
});
