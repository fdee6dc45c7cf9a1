import { isOff, isOn, type MachineStatus } from "../../protocol/index.ts";
import { RECORD_DAMAGED, RECORD_DAMAGED_RUNS } from "../model/damaged-machine.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { MAX_REASON, shorten } from "../process/describe-failure.ts";

/** Processors and memory are not known, and said to be 0. */
export function describeStandIn(status: MachineStatus): MachineStatus {
  const unknown = { ...status, cpus: 0, memoryMb: 0 };
  return isOff(status.state)
    ? { ...unknown, state: "failed", ...RECORD_DAMAGED }
    : { ...unknown, ...RECORD_DAMAGED_RUNS };
}

/** What of a machine is not in its record. */
interface CurrentStatus {
  /** 0 to 1; undefined: no work is under way, or its progress is unknown. */
  readonly progress: number | undefined;
  readonly powerOffInMs: number | undefined;
  readonly addresses: readonly string[];
}

/** What a host reports of a machine. */
export function describeMachineStatus(
  { id, name, image, cpus, memoryMb }: MachineSpec,
  { state, accel, since, saved, remark, ...own }: MachineStateFile,
  { progress, powerOffInMs, addresses }: CurrentStatus,
): MachineStatus {
  const { reason, cause } = own.reason === undefined && isOn(state) && remark !== undefined ? remark : own;
  return {
    ...{ id, name, image, cpus, memoryMb, state, since },
    ...(reason === undefined ? {} : { reason: shorten(reason, MAX_REASON) }),
    ...(cause === undefined ? {} : { cause }),
    ...(accel === undefined ? {} : { accel }),
    ...(saved === undefined ? {} : { saved: true }),
    ...(progress === undefined ? {} : { progress }),
    ...(powerOffInMs === undefined ? {} : { powerOffInMs }),
    ...(addresses.length === 0 ? {} : { addresses: [...addresses] }),
  };
}
