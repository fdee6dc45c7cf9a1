import { expect, test } from "vitest";
import { bootArguments, seedArguments } from "../../../../launcher/argv/boot-arguments.ts";
import { dataDiskArguments } from "../../../../launcher/argv/data-disk-arguments.ts";
import { displayArguments } from "../../../../launcher/argv/display-arguments.ts";
import { machineArguments } from "../../../../launcher/argv/machine-arguments.ts";
import { HARDWARE_PROFILES, hardwareProfile } from "../../../../protocol/index.ts";
import { devicesOf, paths, specOf, valuesOf } from "./spec-fixture.ts";

const disk = { boot: { kind: "disk", format: "qcow2", file: "/images/a.qcow2" } };
const iso = { boot: { kind: "iso", file: "/images/a.iso" }, emptyDisk: true };

/** All drives of a machine: its own, its data disk, two CDs, two further disks. */
const drivesOf = (changes: object) => {
  const spec = specOf(changes);
  return devicesOf([...bootArguments(spec, paths, null), ...dataDiskArguments(spec, "/d", "home")]);
};
const own = { drive: "disk0", bootindex: 0 };
const data = { drive: "data0", serial: "data-home" };

test.each([
  [
    { disk: "sata" },
    [
      { driver: "ide-hd", ...own, bus: "ide.2" },
      { driver: "ide-hd", ...data, bus: "ide.3" },
    ],
  ],
  [
    { disk: "sata", board: "pc" },
    [
      { driver: "ich9-ahci", id: "ahci0" },
      { driver: "ide-hd", ...own, bus: "ahci0.0" },
      { driver: "ide-hd", ...data, bus: "ahci0.1" },
    ],
  ],
  [
    { disk: "ide", board: "pc" },
    [
      { driver: "ide-hd", ...own, bus: "ide.0", unit: 0 },
      { driver: "ide-hd", ...data, bus: "ide.0", unit: 1 },
    ],
  ],
  [
    { disk: "nvme" },
    [
      { driver: "nvme", ...own, serial: "disk0" },
      { driver: "nvme", ...data },
    ],
  ],
  [
    { disk: "scsi" },
    [
      { driver: "mptsas1068", id: "hba0" },
      { driver: "scsi-hd", ...own, bus: "hba0.0", "scsi-id": 0, lun: 0 },
      { driver: "scsi-hd", ...data, bus: "hba0.0", "scsi-id": 1, lun: 0 },
    ],
  ],
])("disks of %j", (hardware, expected) => {
  expect(drivesOf({ ...disk, hardware })).toEqual(expected);
});

test.each([
  ["q35", { bus: "ide.0" }, { bus: "ide.1" }],
  ["pc", { bus: "ide.1", unit: 0 }, { bus: "ide.1", unit: 1 }],
])("two CDs on %s", (board, first, second) => {
  const hardware = { disk: board === "pc" ? "ide" : "sata", board };
  const cds = drivesOf({ ...iso, hardware, extraCd: "/drivers.iso" }).filter(
    (one) => one["driver"] === "ide-cd",
  );
  expect(cds).toEqual([
    { driver: "ide-cd", drive: "cd0", bootindex: 1, ...first },
    { driver: "ide-cd", drive: "cd1", ...second },
  ]);
});

const PLACED_BUSES = ["sata", "ide", "scsi"];

/** QEMU finds a place by itself for the others: each is a device of PCI. */
test.each(["virtio", "nvme", ...PLACED_BUSES])(
  "each drive of %s is one, and no two have one place",
  (bus) => {
    const hardware = { disk: bus, board: bus === "ide" ? "pc" : "q35" };
    const extraDisks = ["/1", "/2"].map((file) => ({ format: "qcow2", file }));
    const drives = drivesOf({ ...disk, hardware, extraDisks }).filter((one) => "drive" in one);
    expect(drives.map((one) => one["drive"]).sort()).toEqual(["data0", "disk0", "disk1", "disk2"]);
    const places = drives.map((one) => JSON.stringify([one["bus"], one["unit"], one["scsi-id"]]));
    expect(new Set(places).size).toBe(PLACED_BUSES.includes(bus) ? 4 : 1);
  },
);

test("a further disk is an overlay of its own over the image's", () => {
  const extraDisks = [{ format: "qcow2", file: "/images/b.qcow2" }];
  expect(valuesOf(bootArguments(specOf({ ...disk, extraDisks }), paths, null), "-blockdev").slice(2)).toEqual(
    [
      {
        ...{ driver: "qcow2", "node-name": "extra0", "read-only": true, backing: null },
        file: { driver: "file", filename: "/images/b.qcow2" },
      },
      {
        ...{ driver: "qcow2", "node-name": "disk1", discard: "unmap", backing: "extra0" },
        file: { driver: "file", filename: "/var/lib/vms/m1/disk-1.qcow2", discard: "unmap" },
      },
    ],
  );
});

test("a seed is on USB where the guest may not know virtio", () => {
  expect(devicesOf(seedArguments(specOf({}), "/s"))).toEqual([{ driver: "virtio-blk-pci", drive: "seed0" }]);
  expect(devicesOf(seedArguments(specOf({ hardware: { disk: "sata" } }), "/s"))).toEqual([
    { driver: "usb-storage", drive: "seed0", bus: "usb0.0" },
  ]);
});

test.each(hardwareProfile.options)("%s: every device is on a bus that there is", (profile) => {
  const hardware = HARDWARE_PROFILES[profile];
  const start = { accel: "tcg", halted: false, customized: null, additions: [] } as const;
  const devices = devicesOf(machineArguments(specOf({ ...disk, hardware }), paths, start));
  const usb = hardware.board === "pc" ? "piix3-usb-uhci" : "qemu-xhci";
  expect(devices).toContainEqual({ driver: usb, id: "usb0" });
  const sound = { none: undefined, hda: "hda-duplex", ac97: "AC97", sb16: "sb16" }[hardware.sound];
  expect(devices.filter((one) => one["audiodev"] !== undefined).map((one) => one["driver"])).toEqual(
    sound === undefined ? [] : [sound],
  );
});

test("viewers that know how hear the sound card", () => {
  const argv = displayArguments(specOf({ hardware: { sound: "hda" } }), paths);
  expect(valuesOf(argv, "-vnc")).toEqual([expect.stringMatching(/,audiodev=sound0$/)]);
});
