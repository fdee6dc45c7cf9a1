import type { PciAddress } from "./pci-address.ts";
import { z } from "zod";
import { LaunchError } from "../../protocol/index.ts";
import { readRecord, replaceJsonFile } from "../system/json-file.ts";

/** What was taken from the host for a machine, and has to be restored. */
const gpuAllocation = z
  .object({
    machine: z.string(),
    kind: z.enum(["passthrough", "mdev"]),
    /** Passed functions. `driver`: the former one; null: none. `taken`: vfio-pci did not have it before. */
    devices: z.array(z.object({ address: z.string(), driver: z.string().nullable(), taken: z.boolean() })),
    mdevs: z.array(z.object({ uuid: z.string(), parent: z.string(), renderNode: z.string().nullable() })),
    /** Nodes under /dev/vfio that were given to machines' account, with their former owner. */
    nodes: z.array(z.object({ path: z.string(), uid: z.number(), gid: z.number() })),
    /** The machine is gone, and something could not be restored yet. */
    owed: z.boolean(),
  })
  .readonly();
export type GpuAllocation = z.infer<typeof gpuAllocation>;

const allocationFile = z.object({ takings: z.array(gpuAllocation) });

/** Guessing what was taken would strand devices. */
function describeDamage(file: string, why: string): LaunchError {
  return new LaunchError("GPU_RECORD", `the record of GPUs ${file} cannot be used: ${why}`, {
    safeMessage: "The host's record of its GPUs is damaged. Its administrator must look at it.",
  });
}

function writeGpuAllocations(file: string, allocations: readonly GpuAllocation[]): void {
  replaceJsonFile(file, { takings: allocations });
}

export type GpuKind = "passthrough" | "mdev";

/** What one machine has of the host's GPUs. */
export type GpuAssignment =
  | { readonly kind: "passthrough"; readonly devices: readonly { readonly address: PciAddress }[] }
  | {
      readonly kind: "mdev";
      readonly devices: readonly { readonly uuid: string; readonly parent: PciAddress }[];
      /** `renderD128`, where QEMU needs it to show the device's framebuffer; null: the device delivers plain pixels. */
      readonly renderNode: string | null;
    };

/**
 * The allocations of all machines, on disk with every change. The file is written before anything is taken, so that the
 * next launcher can restore what a killed one took. A damaged file is never overwritten.
 */
export class GpuAllocationTable {
  readonly #file: string;
  readonly #damage: LaunchError | null;
  #allocations: readonly GpuAllocation[];

  constructor(file: string) {
    this.#file = file;
    const found = readRecord(file, allocationFile);
    this.#damage = found.kind === "damaged" ? describeDamage(file, found.why) : null;
    this.#allocations = found.kind === "whole" ? found.value.takings : [];
  }

  get isReadable(): boolean {
    return this.#damage === null;
  }

  /** @throws LaunchError `GPU_RECORD`: what is taken is not known */
  checkReadable(): void {
    if (this.#damage !== null) throw this.#damage;
  }

  get allocations(): readonly GpuAllocation[] {
    return this.#allocations;
  }

  /** A machine's allocation. One that is owed to the host belongs to no machine any more. */
  findByMachine(machine: string): GpuAllocation | undefined {
    return this.#allocations.find((allocation) => allocation.machine === machine && !allocation.owed);
  }

  add(allocation: GpuAllocation): void {
    this.#store([...this.#allocations, allocation]);
  }

  replace(before: GpuAllocation, after: GpuAllocation): void {
    this.#store(this.#allocations.map((allocation) => (allocation === before ? after : allocation)));
  }

  remove(allocation: GpuAllocation): void {
    this.#store(this.#allocations.filter((other) => other !== allocation));
  }

  #store(allocations: readonly GpuAllocation[]): void {
    this.checkReadable();
    writeGpuAllocations(this.#file, allocations);
    this.#allocations = allocations;
  }
}
