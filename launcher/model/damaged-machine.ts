import { makeReason } from "./lifecycle.ts";
import { machineSpec, type MachineSpec } from "./machine-spec.ts";

/** The specification cannot be read, and QEMU does not run. */
export const RECORD_DAMAGED = makeReason(
  "RECORD_DAMAGED",
  "Its record on the host is damaged. Its disk is untouched. The host's administrator can put the record back.",
);
/** The specification cannot be read, and QEMU runs. */
export const RECORD_DAMAGED_RUNS = makeReason(
  "RECORD_DAMAGED_RUNS",
  "Its record on the host is damaged. It runs on, but cannot be started again. Tell the host's administrator.",
);
/** The specification is whole; what the machine was doing is not known. */
export const STATE_DAMAGED = makeReason(
  "STATE_DAMAGED",
  "The record of its state on the host is damaged. Its disk is untouched. Start it again: it boots anew.",
);

/**
 * Stands in for a specification that cannot be read, so that a running QEMU can be shown, ended and deleted. Nothing
 * is ever started from it, and it names no file.
 */
export function standInSpec(id: string, slot: string): MachineSpec {
  return machineSpec.parse({
    id,
    name: `damaged-${slot}`,
    image: "",
    cpus: 1,
    memoryMb: 16,
    boot: { kind: "kernel", kernel: "/", initrd: "/", cmdline: "" },
    arch: "x86_64",
    firmware: {},
    display: "std",
    network: "none",
    guest: {},
    scriptRoute: "none",
    scripts: [],
    shares: [],
    gpu: "none",
    hideKvm: false,
  });
}
