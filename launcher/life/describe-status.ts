import type { MachineStatus } from "../../protocol/index.ts";
import type { MachineRecord } from "../adopt/record.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";

/** A machine as the server is told of it. @param progress 0 to 1; undefined: no work is under way, or nobody knows */
export function describeStatus(
  { id, name, image, cpus, memoryMb }: MachineSpec,
  { state, reason, cause, accel, since, saved }: MachineRecord,
  progress: number | undefined,
): MachineStatus {
  return {
    ...{ id, name, image, cpus, memoryMb, state, since },
    ...(reason === undefined ? {} : { reason }),
    ...(cause === undefined ? {} : { cause }),
    ...(accel === undefined ? {} : { accel }),
    ...(saved === undefined ? {} : { saved: true }),
    ...(progress === undefined ? {} : { progress }),
  };
}
