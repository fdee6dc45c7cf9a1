import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import { findUnits, heldFunctions, type GpuUnit, type GpuObstacle } from "./gpu-unit.ts";
import { isGpuAllowed, isGpuDenied, type GpuPolicy } from "./gpu-policy.ts";
import { readGpuInventory, type GpuInventory } from "./gpu-inventory.ts";
import { readPciNames } from "./pci-names.ts";
import type { SysTree } from "../system/sys-tree.ts";
import type { PciDevice } from "./pci-device.ts";

/** The facts that decide whether GPUs can be assigned to machines. */
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
    policy,
    inventory,
    privileged,
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

const GIB = 1024 ** 3;

/** Every precondition of GPU assignment: met, or with a remedy. */
export function judgeGpuReadiness(facts: GpuReadinessFacts): Finding[] {
  const { inventory, policy } = facts;
  const wanted = policy.allow === "all" || policy.allow.length > 0;
  if (inventory.gpus.length === 0) {
    return wanted
      ? [
          missingFinding(
            "gpu",
            "A GPU is to be given to machines, and this host has none.",
            "Leave --gpu out.",
          ),
        ]
      : [okFinding("gpu", "This host has no GPU. Machines show emulated screens.")];
  }
  const unknown = policy.allow === "all" ? [] : policy.allow.filter((text) => !isThere(facts, text));
  const findings = [
    okFinding(
      "gpu",
      `GPUs: ${inventory.gpus.map((gpu) => `${gpu.address} ${inventory.nameOf(gpu)}`).join("; ")}.`,
    ),
    ...unknown.map((text) =>
      missingFinding("gpu-address", `No GPU is at ${text}.`, "Give --gpu one of the addresses above."),
    ),
    ...judgeMdev(facts),
    ...judgePassthrough(facts),
  ];
  // Without `--gpu` nothing has to be repaired.
  return wanted ? findings : findings.map(downgradeToAdvice);
}

function judgePassthrough(facts: GpuReadinessFacts): Finding[] {
  const units = findUnits(facts.inventory, facts.policy);
  // A host that shares all its GPUs as mediated devices needs none of this.
  if (units.every(({ gpus }) => gpus.every(({ mdevTypes }) => mdevTypes.length > 0))) return [];
  return [
    judgeIommu(facts),
    judgeVfioModule(facts),
    judgeVfioDevice(facts),
    judgeMemlock(facts),
    ...units.flatMap((unit) => judgeUnit(unit, facts)),
  ];
}

function judgeVfioModule({ vfioPci }: GpuReadinessFacts): Finding {
  return vfioPci
    ? okFinding("gpu-vfio-module", "The kernel's driver vfio-pci is there.")
    : missingFinding(
        "gpu-vfio-module",
        "The kernel's driver vfio-pci is not loaded.",
        "modprobe vfio-pci; and for the next start: echo vfio-pci > /etc/modules-load.d/vfio.conf",
      );
}

function judgeVfioDevice({ vfioOurs, vfioPci }: GpuReadinessFacts): Finding {
  if (vfioOurs === true) return okFinding("gpu-vfio-access", "/dev/vfio is open to this account.");
  if (vfioOurs === null) {
    return missingFinding(
      "gpu-vfio-access",
      "/dev/vfio/vfio does not exist.",
      vfioPci ? "modprobe vfio_iommu_type1" : "It comes with the driver vfio-pci.",
    );
  }
  return missingFinding(
    "gpu-vfio-access",
    "/dev/vfio is closed to this account.",
    `Write SUBSYSTEM=="vfio", OWNER="root", GROUP="kvm", MODE="0660" into ` +
      "/etc/udev/rules.d/10-vfio.rules, put the account into the group kvm, then: udevadm control --reload-rules; udevadm trigger",
  );
}

function judgeMemlock({ memlockBytes, memoryBytes, privileged }: GpuReadinessFacts): Finding {
  if (memlockBytes === null || memlockBytes >= memoryBytes)
    return okFinding("gpu-memlock", "Machines may lock as much memory as they need.");
  if (privileged)
    return okFinding("gpu-memlock", "The limit of locked memory is raised for machines that get a GPU.");
  return missingFinding(
    "gpu-memlock",
    `A process may lock ${(memlockBytes / GIB).toFixed(2)} GiB of memory; a machine with a GPU locks all of its own.`,
    "LimitMEMLOCK=infinity in the service of systemd; without systemd, in /etc/security/limits.conf: @kvm - memlock unlimited",
  );
}

function judgeMdev({ inventory, policy }: GpuReadinessFacts): Finding[] {
  return inventory.gpus.flatMap((gpu) => {
    if (gpu.mdevTypes.length === 0) return [];
    const types = gpu.mdevTypes.map(({ id, available }) => `${id} (${available} free)`).join(", ");
    const text = `${gpu.address} can be shared in parts: ${types}.`;
    const known = policy.mdevType === null || gpu.mdevTypes.some(({ id }) => id === policy.mdevType);
    if (!known) {
      const remedy = `Give --gpu-mdev-type one of these types.`;
      return [missingFinding("gpu-mdev", `${text} ${policy.mdevType ?? ""} is none of them.`, remedy)];
    }
    if (isGpuDenied(policy, gpu)) return [okFinding("gpu-mdev", `${text} It is not to be used.`)];
    return isGpuAllowed(policy, gpu)
      ? [okFinding("gpu-mdev", text)]
      : [adviceFinding("gpu-mdev", text, `To give parts of it to machines: --gpu ${gpu.address}`)];
  });
}

function isThere({ inventory }: GpuReadinessFacts, address: string): boolean {
  return inventory.gpus.some((gpu) => gpu.address === address || gpu.address.startsWith(`${address}.`));
}

function downgradeToAdvice(finding: Finding): Finding {
  return finding.state === "missing" ? { ...finding, state: "advice" } : finding;
}

const GRUB = "GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then: update-grub; reboot";

/** Whether the IOMMU is on, without which a card could write to all of the host's memory. */
function judgeIommu(
  facts: Pick<GpuReadinessFacts, "processor" | "commandLine"> & { inventory: { iommuGroups: number } },
): Finding {
  const { inventory, processor } = facts;
  if (inventory.iommuGroups > 0)
    return okFinding("gpu-iommu", `The IOMMU is on, with ${inventory.iommuGroups} groups.`);
  const words = facts.commandLine.split(/\s+/);
  const off = words.find((word) => /^((intel|amd)_)?iommu=off$/.test(word));
  if (off !== undefined) {
    const text = `The IOMMU is switched off by ${off} on the kernel's command line.`;
    return missingFinding("gpu-iommu", text, `Take ${off} out of ${GRUB}`);
  }
  return missingFinding("gpu-iommu", "The IOMMU is off.", remedyFor(processor, words));
}

function remedyFor(processor: GpuReadinessFacts["processor"], words: readonly string[]): string {
  if (processor === "intel") {
    return words.some((word) => /^intel_iommu=on/.test(word))
      ? "The kernel is told so already: switch on VT-d in the firmware's set-up, if the processor has it."
      : `Switch on VT-d in the firmware's set-up. Add intel_iommu=on iommu=pt to ${GRUB}`;
  }
  if (processor === "amd")
    return `Switch on IOMMU (AMD-Vi) in the firmware's set-up; the kernel then uses it. Add iommu=pt to ${GRUB}`;
  return "Switch on the IOMMU (SMMU) in the firmware's set-up. Inside a virtual machine there is none unless its host gives one.";
}

/** The obstacles to assigning this unit to a machine, or what an assignment will do. */
function judgeUnit(unit: GpuUnit, facts: GpuReadinessFacts): Finding[] {
  const lines = unit.obstacles.flatMap((obstacle) => describe(unit, obstacle, facts));
  if (unit.obstacles.length > 0) return lines;
  const held = heldFunctions(unit);
  if (held.length === 0) {
    const parts = unit.functions.map(({ address }) => address).join(", ");
    return [
      okFinding("gpu-group", `${unit.name} can be given to a machine: ${parts}, with vfio-pci already.`),
    ];
  }
  const parts = unit.functions
    .map(({ address, driver }) => `${address} (${driver ?? "no driver"})`)
    .join(", ");
  if (facts.privileged)
    return [okFinding("gpu-group", `${unit.name} can be given to a machine and back: ${parts}.`)];
  const ids = [...new Set(held.map(({ vendor, device }) => `${vendor}:${device}`))].join(",");
  return [
    missingFinding(
      "gpu-driver",
      `${unit.name} is held by the host's drivers: ${parts}. Only root may take it from them.`,
      "Start the host program as root, or set the cards aside at boot: " +
        `"options vfio-pci ids=${ids}" in /etc/modprobe.d/vfio.conf, then: update-initramfs -u; reboot. ` +
        "That takes every card of these numbers.",
    ),
  ];
}

function describe(unit: GpuUnit, obstacle: GpuObstacle, { inventory }: GpuReadinessFacts): Finding[] {
  switch (obstacle.kind) {
    case "denied":
      return [
        okFinding("gpu-denied", `${unit.name}: ${list(obstacle.devices)} is not to be given (--gpu-deny).`),
      ];
    case "not-allowed":
      // A GPU with mediated devices is reported there.
      return unit.gpus.every(({ mdevTypes }) => mdevTypes.length > 0)
        ? []
        : [
            adviceFinding(
              "gpu-allowed",
              `${unit.name} at ${list(obstacle.devices)} is not given to machines.`,
              `To allow it: --gpu ${obstacle.devices[0]?.address ?? ""}`,
            ),
          ];
    case "no-group":
      // Without any group the finding about the IOMMU covers it.
      return inventory.iommuGroups === 0
        ? []
        : [
            missingFinding(
              "gpu-group",
              `${unit.name} is in no IOMMU group.`,
              "Its slot is behind no IOMMU: try another slot.",
            ),
          ];
    case "shared":
      return [
        missingFinding(
          "gpu-group",
          `${unit.name} is in IOMMU group ${unit.group ?? ""} together with what stays the host's: ${obstacle.devices
            .map(
              (device) => `${device.address} ${inventory.nameOf(device)} (${device.driver ?? "no driver"})`,
            )
            .join("; ")}. The whole group goes to a machine, or nothing of it.`,
          "Put the card into another slot; look for ACS, ARI or IOMMU in the firmware's set-up; or, if the host can " +
            "do without these devices, set them aside for vfio-pci too.",
        ),
      ];
    case "host-display":
      return [
        adviceFinding(
          "gpu-host-display",
          `${unit.name} shows the host's own picture, so it is not taken.`,
          `If nobody looks at it: --gpu ${obstacle.devices[0]?.address ?? ""} names it, and then it is taken. ` +
            "Stop the display manager first.",
        ),
      ];
    case "divided":
      return [okFinding("gpu-group", `${unit.name} is shared in parts now, so it is not given as a whole.`)];
  }
}

function list(devices: readonly PciDevice[]): string {
  return devices.map(({ address }) => address).join(", ");
}
