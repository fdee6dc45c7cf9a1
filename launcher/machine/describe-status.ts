import type { MachineStatus } from "../../protocol/index.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** A machine as the server is told of it. @param progress 0 to 1; undefined: no work is under way, or nobody knows */
export function describeMachineStatus(
  { id, name, image, cpus, memoryMb }: MachineSpec,
  { state, reason, cause, accel, since, saved }: MachineStateFile,
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
