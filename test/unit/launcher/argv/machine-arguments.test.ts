import { describe, expect, test } from "vitest";
import { machinePaths } from "../../../../launcher/model/machine-paths.ts";
import { machineArguments, type StartParameters } from "../../../../launcher/argv/machine-arguments.ts";
import { machineSpec, type MachineSpec } from "../../../../launcher/model/machine-spec.ts";

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

const start: StartParameters = { accel: "tcg", halted: false, customized: null, additions: [] };

/** The values that follow an option, JSON decoded. */
function valuesOf(argv: readonly string[], option: string): unknown[] {
  return argv.flatMap((word, index) => {
    const value = argv[index + 1] ?? "";
    if (word !== option) return [];
    return [value.startsWith("{") ? (JSON.parse(value) as unknown) : value];
  });
}

describe("every machine", () => {
  const argv = machineArguments(base, paths, start);

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
    expect(valuesOf(argv, "-vnc")).toEqual([
      `unix:${sockets},password-secret=vnc0,share=force-shared,power-control=on`,
    ]);
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
  const argv = machineArguments(base, paths, { ...start, accel });
  expect(valuesOf(argv, "-accel")).toEqual([accel]);
  expect(valuesOf(argv, "-cpu")).toEqual([HOST_CPU[accel]]);
});

test("what other parts add comes whole, and a memory waits for halted processors", () => {
  const argv = machineArguments(base, paths, { ...start, halted: true, additions: ["-netdev", "x"] });
  expect(argv.slice(-3)).toEqual(["-netdev", "x", "-S"]);
  expect(machineArguments(base, paths, start)).not.toContain("-S");
});

test("has a serial port with a log, a channel for the guest's agent, and a balloon", () => {
  const argv = machineArguments(base, paths, start);
  expect(valuesOf(argv, "-chardev")).toEqual([
    expect.stringMatching(/^socket,id=qmp0,/),
    "socket,id=serial0,path=" +
      paths.serialSocket.replace("vm,s", "vm,,s") +
      ",server=on,wait=off,logfile=/var/lib/vms/m1/serial.log,logappend=on",
    expect.stringMatching(/^socket,id=agent0,path=.*\.ga,server=on,wait=off$/),
  ]);
  const devices = valuesOf(argv, "-device");
  expect(devices).toContainEqual({ driver: "isa-serial", chardev: "serial0" });
  expect(devices).toContainEqual({
    ...{ driver: "virtserialport", bus: "ports0.0", nr: 1 },
    ...{ chardev: "agent0", name: "org.qemu.guest_agent.0" },
  });
  expect(devices).toContainEqual(expect.objectContaining({ driver: "virtio-balloon-pci" }));
});
