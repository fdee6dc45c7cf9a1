import { z } from "zod";
import { machineCreate } from "../../protocol/index.ts";
import { imageEntry } from "../images/entry.ts";

/**
 * Everything about a machine that never changes after it was made; stored as `spec.json`. The catalogue may change
 * later without touching machines that exist.
 */
export const machineSpec = z
  .object({
    id: machineCreate.shape.id,
    name: machineCreate.shape.name,
    image: z.string().max(64),
    cpus: z.number().int().min(1).max(256),
    memoryMb: z.number().int().min(16),
    boot: imageEntry.shape.boot,
    display: imageEntry.shape.display,
    screen: imageEntry.shape.screen,
    network: imageEntry.shape.network,
  })
  .readonly();
export type MachineSpec = z.infer<typeof machineSpec>;
