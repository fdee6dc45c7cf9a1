import { describe, expect, test } from "vitest";
import { machinePaths } from "../../../../launcher/adopt/machine-paths.ts";
import { machineArguments } from "../../../../launcher/argv/argv.ts";
import { machineSpec, type MachineSpec } from "../../../../launcher/spec/machine-spec.ts";

const paths = machinePaths("/var/lib/vms", "/run/vm,s", "m1");
const base: MachineSpec = machineSpec.parse({
  id: "m1",
  name: "My, machine -device evil",
  image: "x",
  cpus: 2,
  memoryMb: 512,
  boot: { kind: "iso", file: "/images/a,snapshot=on.iso" },
  display: "std",
  network: "none",
});

/** The values that follow an option, JSON decoded. */
function valuesOf(argv: readonly string[], option: string): unknown[] {
  return argv.flatMap((word, index) => {
    const value = argv[index + 1] ?? "";
    if (word !== option) return [];
    return [value.startsWith("{") ? (JSON.parse(value) as unknown) : value];
  });
}

describe("every machine", () => {
  const argv = machineArguments(base, paths, "tcg");

  test.each([
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ["-machine", "q35"],
    ["-accel", "tcg"],
    ["-cpu", "max"],
    ["-smp", "2"],
    ["-m", "512M"],
    ["-mon", "chardev=qmp0,mode=control"],
    ["-name", paths.alias],
  ])("has %s %s", (option, value) => {
    expect(valuesOf(argv, option)).toEqual([value]);
  });

  test("starts from nothing", () => {
    expect(argv).toContain("-nodefaults");
    expect(argv).toContain("-no-user-config");
  });

  test("has its screen and its control on Unix sockets, commas escaped", () => {
    const sockets = paths.vncSocket.replace("vm,s", "vm,,s");
    expect(valuesOf(argv, "-vnc")).toEqual([`unix:${sockets},password-secret=vnc0,share=force-shared`]);
    expect(valuesOf(argv, "-object")).toEqual([
      { "qom-type": "secret", id: "vnc0", file: "/var/lib/vms/m1/vnc-secret" },
    ]);
    expect(valuesOf(argv, "-chardev")[0]).toBe(
      `socket,id=qmp0,path=${paths.qmpSocket.replace("vm,s", "vm,,s")},server=on,wait=off`,
    );
  });

  test("has a tablet and no network of its own accord", () => {
    expect(valuesOf(argv, "-device")).toContainEqual({ driver: "usb-tablet", bus: "usb0.0" });
    expect(valuesOf(argv, "-netdev")).toEqual([]);
  });

  test("shows nothing of the user's words", () => {
    expect(argv.join(" ")).not.toContain("evil");
  });
});

const HOST_CPU = { kvm: "host", tcg: "max" } as const;
test.each(["kvm", "tcg"] as const)("accelerated by %s", (accel) => {
  const argv = machineArguments(base, paths, accel);
  expect(valuesOf(argv, "-accel")).toEqual([accel]);
  expect(valuesOf(argv, "-cpu")).toEqual([HOST_CPU[accel]]);
});

test.each([
  ["std", undefined, { driver: "VGA" }],
  ["std", { width: 1280, height: 800 }, { driver: "VGA", xres: 1280, yres: 800 }],
  ["virtio", undefined, { driver: "virtio-vga" }],
] as const)("display %s %j", (display, screen, device) => {
  const argv = machineArguments({ ...base, display, screen }, paths, "tcg");
  expect(valuesOf(argv, "-device")).toContainEqual(device);
});

test("an ISO is read-only and of a named format", () => {
  expect(valuesOf(machineArguments(base, paths, "tcg"), "-blockdev")).toEqual([
    {
      driver: "raw",
      "node-name": "cd0",
      "read-only": true,
      file: { driver: "file", filename: "/images/a,snapshot=on.iso" },
    },
  ]);
});

test.each([
  ["qcow2", { backing: null }],
  ["raw", {}],
] as const)("a %s disk is a read-only base under an overlay", (format, more) => {
  const boot = { kind: "disk", format, file: "/images/base" } as const;
  expect(valuesOf(machineArguments({ ...base, boot }, paths, "tcg"), "-blockdev")).toEqual([
    {
      driver: format,
      "node-name": "base0",
      "read-only": true,
      file: { driver: "file", filename: "/images/base" },
      ...more,
    },
    {
      driver: "qcow2",
      "node-name": "disk0",
      file: { driver: "file", filename: "/var/lib/vms/m1/overlay.qcow2" },
      backing: "base0",
    },
  ]);
});

test("a kernel comes with initrd and command line", () => {
  const boot = { kind: "kernel", kernel: "/k", initrd: "/i", cmdline: "quiet, please" } as const;
  const argv = machineArguments({ ...base, boot }, paths, "tcg");
  expect(valuesOf(argv, "-kernel")).toEqual(["/k"]);
  expect(valuesOf(argv, "-initrd")).toEqual(["/i"]);
  expect(valuesOf(argv, "-append")).toEqual(["quiet, please"]);
});

test("an isolated network reaches nothing", () => {
  const argv = machineArguments({ ...base, network: "isolated" }, paths, "tcg");
  expect(valuesOf(argv, "-netdev")).toEqual([{ type: "user", id: "net0", restrict: true }]);
});
