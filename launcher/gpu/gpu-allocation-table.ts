import { readGpuAllocations, writeGpuAllocations, type GpuAllocation } from "./gpu-allocation-file.ts";

/** What is taken for which machine, on disk with every change. */
export class GpuAllocationTable {
  readonly #file: string;
  #allocations: readonly GpuAllocation[];

  /** @throws LaunchError `GPU_RECORD` */
  constructor(file: string) {
    this.#file = file;
    this.#allocations = readGpuAllocations(file);
  }

  get allocations(): readonly GpuAllocation[] {
    return this.#allocations;
  }

  /** What a machine has; what is owed to the host is nobody's any more. */
  findByMachine(machine: string): GpuAllocation | undefined {
    return this.#allocations.find((taking) => taking.machine === machine && !taking.owed);
  }

  add(taking: GpuAllocation): void {
    this.#store([...this.#allocations, taking]);
  }

  replace(before: GpuAllocation, after: GpuAllocation): void {
    this.#store(this.#allocations.map((taking) => (taking === before ? after : taking)));
  }

  remove(taking: GpuAllocation): void {
    this.#store(this.#allocations.filter((other) => other !== taking));
  }

  #store(takings: readonly GpuAllocation[]): void {
    writeGpuAllocations(this.#file, takings);
    this.#allocations = takings;
  }
}
