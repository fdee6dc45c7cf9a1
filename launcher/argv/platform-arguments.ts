import type { Accel } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { blockdev, hostFile, rawFile } from "../model/block-nodes.ts";
import { firmwareFiles } from "../model/firmware.ts";
import { jsonArgument } from "../model/argument-syntax.ts";

/** Board, processors, memory and firmware. */
export function platformArguments(spec: MachineSpec, paths: MachinePaths, accel: Accel): string[] {
  return [
    ...["-machine", describeBoard(spec)],
    ...["-accel", accel],
    ...["-cpu", describeProcessor(spec, accel)],
    ...clockArguments(spec),
    ...["-smp", String(spec.cpus)],
    ...["-m", `${spec.memoryMb}M`],
    ...(sharesMemory(spec) ? sharedMemory(spec.memoryMb) : []),
    ...firmwareArguments(spec, paths),
  ];
}

/** What every KVM of today offers Windows. */
const HYPERV: readonly string[] = [
  ...["hv_relaxed=on", "hv_vapic=on", "hv_spinlocks=0x1fff", "hv_vpindex=on", "hv_runtime=on"],
  ...["hv_synic=on", "hv_stimer=on", "hv_time=on", "hv_frequencies=on"],
];

/** UTC is QEMU's default. Windows loses ticks under load, which are made up for slowly. */
function clockArguments({ hardware: { clock, hyperv } }: Pick<MachineSpec, "hardware">): string[] {
  if (clock === "utc") return [];
  return ["-rtc", hyperv ? "base=localtime,driftfix=slew" : "base=localtime"];
}

function describeBoard(spec: MachineSpec): string {
  const { secureBoot } = spec.firmware;
  const { board, hyperv } = spec.hardware;
  const words: string[] = spec.arch === "x86_64" ? [board] : ["virt", "gic-version=max"];
  // Windows prefers this timer to faster ones.
  if (hyperv) words.push("hpet=off");
  // Only a firmware in system management mode can protect Secure Boot's variables from the guest.
  if (spec.arch === "x86_64" && secureBoot) words.push("smm=on");
  if (sharesMemory(spec)) words.push("memory-backend=mem0");
  if (firmwareFiles(spec) !== null) words.push("pflash0=code0", "pflash1=vars0");
  return words.join(",");
}

function describeProcessor(spec: MachineSpec, accel: Accel): string {
  const { hideKvm, hardware } = spec;
  if (accel === "kvm") {
    if (spec.arch !== "x86_64") return "host";
    return ["host", ...(hideKvm ? ["kvm=off"] : []), ...(hardware.hyperv ? HYPERV : [])].join(",");
  }
  // Emulating pointer authentication as the architecture describes it makes an ARM guest several times slower.
  return spec.arch === "x86_64" ? "max" : "max,pauth-impdef=on";
}

/** virtiofsd reads and writes the guest's memory itself. */
function sharesMemory(spec: MachineSpec): boolean {
  return spec.shares.some((share) => share.kind === "virtiofs");
}

function sharedMemory(memoryMb: number): string[] {
  const size = memoryMb * 1024 * 1024;
  return ["-object", jsonArgument({ "qom-type": "memory-backend-memfd", id: "mem0", size, share: true })];
}

function firmwareArguments(spec: MachineSpec, paths: MachinePaths): string[] {
  const files = firmwareFiles(spec);
  if (files === null) return [];
  return [
    ...blockdev({ ...rawFile("code0", files.code), "read-only": true }),
    ...blockdev({ driver: "qcow2", "node-name": "vars0", file: hostFile(paths.firmwareVars), backing: null }),
    // Sleep would lose the firmware's protected state.
    ...(spec.arch === "x86_64" && spec.firmware.secureBoot
      ? [
          ...["-global", "ICH9-LPC.disable_s3=1"],
          ...["-global", "driver=cfi.pflash01,property=secure,value=on"],
        ]
      : []),
  ];
}
