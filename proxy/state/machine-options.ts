import type { z } from "zod";
import { machineCreate } from "../../protocol/index.ts";

/** What may be asked for beside processors and memory. */
export const machineOptions = machineCreate.pick({
  diskGb: true,
  master: true,
  dataDisk: true,
  script: true,
  display: true,
  monitors: true,
  keymap: true,
  network: true,
  gpu: true,
  emptyDisk: true,
});
export type MachineOptions = z.output<typeof machineOptions>;
