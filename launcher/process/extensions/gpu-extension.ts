import type { GpuAssignment, GpuKind } from "../../gpu/gpu-allocation-table.ts";
import type { Command } from "../../system/child-process.ts";
import type { LaunchContribution } from "../launch-extension.ts";
import { gpuArguments } from "../../argv/gpu-arguments.ts";

interface GpuRequest {
  readonly id: string;
  readonly gpu: "none" | GpuKind;
}

interface GpuReservations {
  reserve(kind: GpuKind, machine: string): Promise<GpuAssignment>;
  release(machine: string): Promise<void>;
}

const PRLIMIT = "/usr/bin/prlimit";

/**
 * A GPU for as long as a machine runs.
 * @param privileged whether limits may be raised: VFIO locks all memory of the guest
 */
export function gpuExtension(
  allocator: GpuReservations,
  privileged: boolean,
): {
  /** The command must be wrapped last, outside of what drops privileges. */
  prepare(spec: GpuRequest): Promise<Pick<LaunchContribution, "arguments" | "wrap">>;
  release(spec: GpuRequest): Promise<void>;
} {
  return {
    async prepare({ id, gpu }) {
      if (gpu === "none") return {};
      const args = gpuArguments(await allocator.reserve(gpu, id));
      return privileged ? { arguments: args, wrap: withoutMemoryLimit } : { arguments: args };
    },
    async release({ id }) {
      await allocator.release(id);
    },
  };
}

/** prlimit replaces itself with the program by `exec`, so the process id stays. */
function withoutMemoryLimit({ program, args }: Command): Command {
  return { program: PRLIMIT, args: ["--memlock=unlimited:unlimited", program, ...args] };
}
