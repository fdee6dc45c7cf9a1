import { readGpuInventory, type GpuInventory } from "./gpu-inventory.ts";
import { readPciNames } from "./pci-names.ts";
import type { GpuPolicy } from "./gpu-policy.ts";
import type { SysTree } from "../system/sys-tree.ts";

/** What decides whether GPUs can be given to machines. */
export interface GpuReadinessFacts {
  readonly policy: GpuPolicy;
  readonly inventory: GpuInventory;
  readonly processor: "intel" | "amd" | "other";
  /** The kernel's command line. */
  readonly commandLine: string;
  readonly vfioPci: boolean;
  /** Null: /dev/vfio/vfio does not exist. */
  readonly vfioOurs: boolean | null;
  /** Null: without limit. */
  readonly memlockBytes: number | null;
  readonly memoryBytes: number;
  /** May change drivers of devices, and limits. */
  readonly privileged: boolean;
}

export async function readGpuReadiness(
  tree: SysTree,
  policy: GpuPolicy,
  privileged: boolean,
  pciIds?: string,
): Promise<GpuReadinessFacts> {
  const [inventory, commandLine, processorText, memory, limits] = await Promise.all([
    readGpuInventory(tree, (devices) => readPciNames(devices, pciIds)),
    tree.text("proc/cmdline"),
    tree.text("proc/cpuinfo"),
    tree.text("proc/meminfo"),
    tree.text("proc/self/limits"),
  ]);
  return {
    ...{ policy, inventory, privileged },
    processor: readProcessor(processorText ?? ""),
    commandLine: commandLine ?? "",
    vfioPci: await tree.exists("sys/bus/pci/drivers/vfio-pci"),
    vfioOurs: (await tree.exists("dev/vfio/vfio")) ? await tree.isAccessible("dev/vfio/vfio") : null,
    memlockBytes: readMemlock(limits ?? ""),
    memoryBytes: Number(/^MemTotal:\s+(\d+) kB$/m.exec(memory ?? "")?.[1] ?? 0) * 1024,
  };
}

function readProcessor(cpuinfo: string): GpuReadinessFacts["processor"] {
  if (cpuinfo.includes("GenuineIntel")) return "intel";
  return cpuinfo.includes("AuthenticAMD") ? "amd" : "other";
}

/** The soft limit of this process, which its QEMUs inherit. */
function readMemlock(limits: string): number | null {
  const [, soft = "unlimited"] = /^Max locked memory\s+(\S+)/m.exec(limits) ?? [];
  return soft === "unlimited" ? null : Number(soft);
}
