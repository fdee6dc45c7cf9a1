import { accel, machineCause, machineState } from "../../protocol/index.ts";
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { processIdentity } from "../system/proc-stat.ts";
import { machineSpec, type MachineSpec } from "./machine-spec.ts";

/** What changes about a machine; stored as `state.json`, so that the next launcher can go on from it. */
export const machineStateFile = z.object({
  state: machineState.exclude(["queued"]),
  reason: z.string().optional(),
  cause: machineCause.optional(),
  /** Epoch milliseconds of the last change of state. */
  since: z.number(),
  accel: accel.optional(),
  process: processIdentity.optional(),
  /** Processes beside QEMU that belong to this machine: its TPM, its shares, its network. */
  companions: z.array(processIdentity).default([]),
  /** The tag of the snapshot whose memory the next start goes on from. */
  saved: z.string().optional(),
  /** Where the log of this start begins, in bytes. */
  logFrom: z.number().int().nonnegative().default(0),
});
export type MachineStateFile = z.infer<typeof machineStateFile>;

/** Null: there is none, or it is not one. */
export function readMachineState(file: string): MachineStateFile | null {
  return readJsonFile(file, machineStateFile);
}

/** Null: the machine was never made completely. */
export function readMachineSpec(file: string): MachineSpec | null {
  return readJsonFile(file, machineSpec);
}

/**
 * Replaces a file whole, mode 0600. It is synchronous: a state is on disk before anybody hears of it, in order.
 */
export function replaceJsonFile(file: string, value: unknown): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, file);
}

function readJsonFile<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}
