import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import type { PciDevice } from "./pci-device.ts";
import type { GpuReadinessFacts } from "./gpu-readiness-facts.ts";
import { heldFunctions, type GpuUnit, type GpuObstacle } from "./gpu-unit.ts";

/** What speaks against giving this unit to a machine, or what will happen. */
export function judgeUnit(unit: GpuUnit, facts: GpuReadinessFacts): Finding[] {
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
      // A GPU that is shared in parts is told of there.
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
      // The IOMMU's own finding says it, where there is none at all.
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
