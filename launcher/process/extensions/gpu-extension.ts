import type { GpuAssignment, GpuKind } from "../../gpu/gpu-allocation-table.ts";
import { gpuArguments } from "../../argv/gpu-arguments.ts";

interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What one start of a machine gets from its GPU. */
export interface GpuContribution {
  /** For QEMU. */
  readonly arguments?: readonly string[];
  /** Changes how QEMU is started; to be applied last, outside of whatever drops rights. */
  readonly wrap?: (command: Command) => Command;
}

export interface GpuRequest {
  readonly id: string;
  readonly gpu: "none" | GpuKind;
}

interface GpuReservations {
  reserve(kind: GpuKind, machine: string): Promise<GpuAssignment>;
  release(machine: string): Promise<void>;
}

const PRLIMIT = "/usr/bin/prlimit";

/**
 * A GPU for the time that a machine runs.
 * @param privileged whether limits may be raised: VFIO locks all memory of the guest
 */
export function gpuExtension(
  room: GpuReservations,
  privileged: boolean,
): {
  prepare(spec: GpuRequest): Promise<GpuContribution>;
  release(spec: GpuRequest): Promise<void>;
} {
  return {
    async prepare({ id, gpu }) {
      if (gpu === "none") return {};
      const args = gpuArguments(await room.reserve(gpu, id));
      return privileged ? { arguments: args, wrap: withoutMemoryLimit } : { arguments: args };
    },
    async release({ id }) {
      await room.release(id);
    },
  };
}

/** prlimit becomes the program that it starts, so the process number stays. */
function withoutMemoryLimit({ program, args }: Command): Command {
  return { program: PRLIMIT, args: ["--memlock=unlimited:unlimited", program, ...args] };
}
