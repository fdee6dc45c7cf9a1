import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { bootArguments } from "./boot.ts";
import { displayArguments } from "./display.ts";
import { networkArguments } from "./network.ts";
import { escapeValue, jsonArgument } from "./values.ts";

export type Accel = "kvm" | "tcg";

const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** The arguments of QEMU for a machine: pure, every name generated, nothing of the user's text in it. */
export function machineArguments(spec: MachineSpec, paths: MachinePaths, accel: Accel): string[] {
  return [
    "-no-user-config",
    "-nodefaults",
    ...["-name", paths.alias],
    ...["-sandbox", SANDBOX],
    ...["-machine", "q35"],
    ...["-accel", accel],
    ...["-cpu", accel === "kvm" ? "host" : "max"],
    ...["-smp", String(spec.cpus)],
    ...["-m", `${spec.memoryMb}M`],
    ...controlArguments(paths),
    ...displayArguments(spec, paths),
    ...bootArguments(spec.boot, paths),
    ...networkArguments(spec.network),
  ];
}

/** QMP for the launcher, a serial port that ends in a file; no monitor for people. */
function controlArguments(paths: MachinePaths): string[] {
  return [
    ...["-chardev", `socket,id=qmp0,path=${escapeValue(paths.qmpSocket)},server=on,wait=off`],
    ...["-mon", "chardev=qmp0,mode=control"],
    ...["-chardev", `file,id=serial0,path=${escapeValue(paths.serialLog)},append=on`],
    ...["-device", jsonArgument({ driver: "isa-serial", chardev: "serial0" })],
  ];
}
