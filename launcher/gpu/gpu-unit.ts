import type { GpuInventory } from "./gpu-inventory.ts";
import { slotOf, type PciAddress } from "./pci-address.ts";
import { isPciBridge, type PciDevice } from "./pci-device.ts";
import { isGpuAllowed, isGpuDenied, isGpuNamed, type GpuPolicy } from "./gpu-policy.ts";

/** Why a unit cannot be passed to a machine. */
export type GpuObstacle =
  /** Not the administrator's choice: nothing to repair. */
  | { readonly kind: "not-allowed" | "denied"; readonly devices: readonly PciDevice[] }
  /** No IOMMU group: the IOMMU is off. */
  | { readonly kind: "no-group" }
  /** Devices of the host, or GPUs that stay, in the same group. */
  | { readonly kind: "shared"; readonly devices: readonly PciDevice[] }
  /** The host's own picture comes from it. */
  | { readonly kind: "host-display"; readonly devices: readonly PciDevice[] }
  /** It is cut into parts that may be in use. */
  | { readonly kind: "divided"; readonly devices: readonly PciDevice[] };

/** What is assigned to one machine at once: the GPUs of an IOMMU group with their related functions. */
export interface GpuUnit {
  readonly group: string | null;
  readonly gpus: readonly PciDevice[];
  /** The GPUs, the other functions of their slots, and what the administrator set aside for vfio-pci in the group. */
  readonly functions: readonly PciDevice[];
  readonly obstacles: readonly GpuObstacle[];
  readonly name: string;
}

/** Drivers that do not prevent the rest of the group from being passed. */
const HARMLESS: readonly (string | null)[] = [null, "vfio-pci", "pci-stub", "pcieport"];

/**
 * Groups GPUs into units: devices of one IOMMU group can access each other's memory, so they go to the same machine or
 * to none.
 */
export function findUnits(inventory: GpuInventory, policy: GpuPolicy): GpuUnit[] {
  const groups = new Map<string, PciDevice[]>();
  for (const gpu of inventory.gpus) {
    const key = gpu.group ?? `alone ${slotIn(gpu)}`;
    groups.set(key, [...(groups.get(key) ?? []), gpu]);
  }
  return [...groups.values()].map((gpus) => makeUnit(inventory, policy, gpus));
}

/** The functions whose driver must change before the unit can be passed. */
export function heldFunctions({ functions }: Pick<GpuUnit, "functions">): PciDevice[] {
  return functions.filter(({ driver }) => driver !== "vfio-pci");
}

function makeUnit(
  { devices, mdevs, nameOf }: GpuInventory,
  policy: GpuPolicy,
  gpus: readonly PciDevice[],
): GpuUnit {
  const group = gpus[0]?.group ?? null;
  const slots = gpus.map(slotIn);
  const members = devices.filter((device) =>
    group === null ? slots.includes(slotIn(device)) : device.group === group && !isPciBridge(device),
  );
  const functions = members.filter(
    (device) => slots.includes(slotIn(device)) || device.driver === "vfio-pci",
  );
  const others = members.filter((device) => !functions.includes(device));
  const withMdevs = new Set(mdevs.map(({ parent }) => parent));
  const refused = gpus.filter((gpu) => !isGpuAllowed(policy, gpu));
  const everyRefused = refused.length === gpus.length;
  const obstacles: GpuObstacle[] = [
    ...about(
      "denied",
      members.filter((device) => isGpuDenied(policy, device)),
    ),
    ...about("not-allowed", everyRefused ? refused : []),
    ...(group === null ? ([{ kind: "no-group" }] as const) : []),
    ...about("shared", [
      ...(everyRefused ? [] : refused),
      ...others.filter(({ driver }) => !HARMLESS.includes(driver)),
    ]),
    ...about(
      "host-display",
      gpus.filter((gpu) => isHostDisplay(gpu) && !isGpuNamed(policy, gpu)),
    ),
    ...about(
      "divided",
      gpus.filter((gpu) => gpu.virtualFunctions > 0 || withMdevs.has(gpu.address)),
    ),
  ];
  return { group, gpus, functions, obstacles, name: gpus.map(nameOf).join(" + ") };
}

/** Whether passing it would blank the host's own monitor. */
function isHostDisplay({ drivesMonitor, bootVga, driver }: PciDevice): boolean {
  return drivesMonitor || (bootVga && !HARMLESS.includes(driver));
}

/** SR-IOV's virtual functions share a slot's address and nothing else. */
function slotIn(device: PciDevice): PciAddress {
  return device.virtual ? device.address : slotOf(device.address);
}

function about<K extends "denied" | "not-allowed" | "shared" | "host-display" | "divided">(
  kind: K,
  devices: readonly PciDevice[],
): { readonly kind: K; readonly devices: readonly PciDevice[] }[] {
  return devices.length === 0 ? [] : [{ kind, devices }];
}
