import { z } from "zod";
import { accel, machineCause, machineState } from "../../protocol/index.ts";
import { processIdentity } from "./process-identity.ts";

/** What changes about a machine; stored as `state.json`, so that the next launcher can go on from it. */
export const machineStateFile = z.object({
  state: machineState.exclude(["queued"]),
  reason: z.string().optional(),
  cause: machineCause.optional(),
  /** Epoch milliseconds of the last change of state. */
  since: z.number(),
  /** What this start of the machine has to do without. */
  remark: z.object({ reason: z.string(), cause: machineCause.optional() }).optional(),
  accel: accel.optional(),
  process: processIdentity.optional(),
  /** Helper processes of this machine: its TPM, its shares, its network. */
  companions: z.array(processIdentity).default([]),
  /** The tag of the snapshot whose memory the next start restores. */
  saved: z.string().optional(),
  wasPaused: z.boolean().optional(),
  /** Where the log of this start begins, in bytes. */
  logFrom: z.number().int().nonnegative().default(0),
});

export type MachineStateFile = z.infer<typeof machineStateFile>;
