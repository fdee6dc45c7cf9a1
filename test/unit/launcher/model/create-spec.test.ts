import { expect, test } from "vitest";
import { builtInImages } from "../../../../launcher/images/built-in-images.ts";
import { HARDWARE_PROFILES, imageEntry } from "../../../../protocol/index.ts";
import { createMachineSpec, findBaseImageConflict } from "../../../../launcher/model/create-spec.ts";
import { machineSpec } from "../../../../launcher/model/machine-spec.ts";

const [memtest, installer] = builtInImages;
const request = { id: "m1", name: "One", image: "memtest86+" };
const disk = imageEntry.parse({
  ...{ id: "disk", title: "Disk", description: "", network: "isolated" },
  memoryMb: { default: 512, min: 256 },
  cpus: { default: 2, min: 2 },
  diskGb: { default: 10, min: 8 },
  boot: { kind: "disk", format: "qcow2", file: "/disk" },
  display: "virtio",
  displays: ["qxl", "none"],
  keymap: "fr",
  scripts: ["first"],
});
const old = imageEntry.parse({ ...disk, hardware: { profile: "dos" } });
const two = imageEntry.parse({ ...disk, extraDisks: [{ format: "raw", file: "/b" }] });
const arm = imageEntry.parse({ ...disk, arch: "aarch64" });

test("a disk smaller than the image itself cannot be had, whatever the entry says", () => {
  expect(() => createMachineSpec({ ...request, diskGb: 9 }, disk, 40)).toThrow(/at least 40 GB/);
  expect(createMachineSpec({ ...request, diskGb: 40 }, disk, 40).diskGb).toBe(40);
  expect(createMachineSpec(request, disk, 40).diskGb).toBe(10);
});

test("takes the image's amounts unless asked otherwise, and survives being stored", () => {
  const spec = createMachineSpec(request, memtest!);
  expect(spec).toMatchObject({ cpus: 1, memoryMb: 64, image: "memtest86+", name: "One" });
  expect(createMachineSpec({ ...request, cpus: 4, memoryMb: 2048 }, memtest!)).toMatchObject({
    cpus: 4,
    memoryMb: 2048,
  });
  for (const image of [memtest!, installer!, disk]) {
    const drawn = createMachineSpec(request, image);
    expect(machineSpec.parse(JSON.parse(JSON.stringify(drawn)))).toEqual(drawn);
  }
});

test("takes the image's ways unless asked otherwise", () => {
  expect(createMachineSpec(request, disk)).toMatchObject({
    ...{ diskGb: 10, display: "virtio", monitors: 1, keymap: "fr", network: "isolated" },
    ...{ master: false, emptyDisk: false, scripts: ["first"], gpu: "none", owner: "" },
  });
  const asked = { diskGb: 8, display: "qxl", monitors: 2, keymap: "de", network: "none" } as const;
  expect(createMachineSpec({ ...request, ...asked, script: "second", owner: "ada" }, disk)).toMatchObject({
    ...asked,
    scripts: ["first", "second"],
    owner: "ada",
  });
});

test("an installation image with a size has a disk of that size", () => {
  expect(createMachineSpec({ ...request, diskGb: 5 }, memtest!)).toMatchObject({
    emptyDisk: true,
    diskGb: 5,
  });
  expect(createMachineSpec({ ...request, diskGb: 5 }, installer!)).toMatchObject({
    emptyDisk: true,
    diskGb: 5,
  });
  const withSize = { ...memtest!, diskGb: { default: 10, min: 1 } };
  expect(createMachineSpec(request, withSize)).toMatchObject({ emptyDisk: true, diskGb: 10 });
  expect(createMachineSpec(request, memtest!).emptyDisk).toBe(false);
});

test("hardware is the image's, complete, and the card's address the machine's own", () => {
  const spec = createMachineSpec(request, { ...disk, hardware: { profile: "windows-10", sound: "none" } });
  expect(spec.hardware).toEqual({ ...HARDWARE_PROFILES["windows-10"], sound: "none" });
  expect(spec.mac).toBe(createMachineSpec(request, memtest!).mac);
  expect(spec.mac).not.toBe(createMachineSpec({ ...request, id: "m2" }, disk).mac);
});

test("a record of an earlier release has the hardware that it had", () => {
  const { hardware, mac: _mac, ...old } = createMachineSpec(request, memtest!);
  const read = machineSpec.parse(JSON.parse(JSON.stringify({ ...old, keymap: "zz" })));
  expect(read).toMatchObject({ hardware, keymap: "zz" });
  expect(read.mac).toBeUndefined();
});

test("a stored specification cannot be changed", () => {
  const spec = machineSpec.parse(JSON.parse(JSON.stringify(createMachineSpec(request, memtest!))));
  expect(Object.isFrozen(spec)).toBe(true);
});

test.each([
  [memtest!, { memoryMb: 31 }, "Memtest86+ needs at least 1 CPU and 32 MiB of memory."],
  [disk, { cpus: 1 }, "Disk needs at least 2 CPU and 256 MiB of memory."],
  [disk, { diskGb: 7 }, "Disk needs a disk of at least 8 GB."],
  [disk, { display: "cirrus" }, "Disk does not go with the display adapter cirrus."],
  [arm, { display: "qxl" }, "Disk does not go with the display adapter qxl."],
  [memtest!, { monitors: 2 }, "Memtest86+ has 1 monitor with the display adapter std."],
  [disk, { network: "internet" }, 'Disk may have the network "isolated" at most.'],
  [disk, { emptyDisk: true }, "Disk is a disk already and takes no empty one."],
  [old, { gpu: "passthrough" }, "Disk has the board pc, which takes no GPU."],
  [two, { master: true }, "Disk has several disks, and is not changed here."],
  [memtest!, { master: true }, "Memtest86+ is no disk that could be worked on itself."],
] as const)("%o and %o are refused", (entry, changes, safeMessage) => {
  expect(() => createMachineSpec({ ...request, ...changes }, entry)).toThrow(
    expect.objectContaining({ code: "IMAGE_LIMIT", safeMessage }) as Error,
  );
});

const on = (file: string, master = false, further?: string) =>
  ({
    boot: { kind: "disk", format: "qcow2", file },
    master,
    extraDisks: further === undefined ? undefined : [{ format: "qcow2" as const, file: further }],
  }) as const;
const iso = { boot: { kind: "iso", file: "/a" }, master: false } as const;

test.each([
  ["overlays share a base", on("/a"), [on("/a"), on("/a")], null],
  ["a master is alone", on("/a", true), [on("/a")], /^Other machines are based/],
  ["nobody joins a master", on("/a"), [on("/a", true)], /^Another machine works/],
  ["nor does a second master", on("/a", true), [on("/a", true)], /^Another machine works/],
  ["other images do not matter", on("/a", true), [on("/b"), on("/c", true), iso], null],
  ["an ISO is only read", iso, [on("/a", true)], null],
  ["a further disk is a base, too", on("/a", true), [on("/c", false, "/a")], /^Other machines are based/],
  [
    "and nobody is based on one that is worked on",
    on("/c", false, "/a"),
    [on("/a", true)],
    /^Another machine works/,
  ],
] as const)("%s", (_what, wanted, others, conflict) => {
  const found = findBaseImageConflict(wanted, others);
  if (conflict === null) expect(found).toBeNull();
  else expect(found).toMatch(conflict);
});
