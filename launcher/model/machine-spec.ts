import { z } from "zod";
import { machineCreate, machineHardware, imageEntry } from "../../protocol/index.ts";

/**
 * Properties of a machine that never change after its creation; stored as `spec.json`. Later changes of the catalogue
 * do not affect it.
 */
export const machineSpec = z
  .object({
    id: machineCreate.shape.id,
    name: machineCreate.shape.name,
    image: z.string().max(64),
    cpus: z.number().int().min(1).max(256),
    memoryMb: z.number().int().min(16),
    /** The user who created it; empty: unknown. */
    owner: z.string().max(64).default(""),
    boot: imageEntry.shape.boot,
    arch: imageEntry.shape.arch,
    firmware: imageEntry.shape.firmware,
    /** GiB of the system disk; absent: as large as the image. */
    diskGb: z.number().int().positive().optional(),
    /** Writes to the image itself. */
    master: z.boolean().default(false),
    /** An empty disk of `diskGb` for use with an installation image. */
    emptyDisk: z.boolean().default(false),
    dataDisk: machineCreate.shape.dataDisk,
    display: imageEntry.shape.display,
    monitors: z.number().int().min(1).max(4).default(1),
    keymap: machineCreate.shape.keymap,
    screen: imageEntry.shape.screen,
    network: imageEntry.shape.network,
    guest: imageEntry.shape.guest,
    scriptRoute: imageEntry.shape.script,
    /** All of them, in the order they run: the image's, then the user's. */
    scripts: imageEntry.shape.scripts,
    shares: imageEntry.shape.shares,
    gpu: machineCreate.shape.gpu,
    hideKvm: imageEntry.shape.hideKvm,
    /** Absent in records of earlier releases, whose machines have these defaults. */
    hardware: machineHardware.prefault({}),
    /** Of its network card; absent in records of earlier releases: QEMU's default, which their guests know. */
    mac: z
      .string()
      .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
      .optional(),
    extraDisks: imageEntry.shape.extraDisks,
    extraCd: imageEntry.shape.extraCd,
    qemuArgs: imageEntry.shape.qemuArgs,
  })
  .readonly();
export type MachineSpec = z.infer<typeof machineSpec>;
