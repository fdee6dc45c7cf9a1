import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import { findUnits } from "./gpu-unit.ts";
import { judgeIommu } from "./judge-iommu.ts";
import { judgeUnit } from "./judge-unit.ts";
import type { GpuReadinessFacts } from "./gpu-readiness-facts.ts";
import { isGpuAllowed, isGpuDenied } from "./gpu-policy.ts";

const GIB = 1024 ** 3;

/** Every precondition of giving GPUs to machines: that it is there, or what to do. */
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
  // What nobody asked for need not be mended.
  return wanted ? findings : findings.map(downgradeToAdvice);
}

function judgePassthrough(facts: GpuReadinessFacts): Finding[] {
  const units = findUnits(facts.inventory, facts.policy);
  // A host whose GPUs are all shared in parts needs none of this.
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
