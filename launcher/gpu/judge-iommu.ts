import { missingFinding, okFinding, type Finding } from "../model/finding.ts";
import type { GpuReadinessFacts } from "./gpu-readiness-facts.ts";

const GRUB = "GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then: update-grub; reboot";

/** Whether the IOMMU is on, without which a card could write to all of the host's memory. */
export function judgeIommu(
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
