import { jsonArgument } from "../model/argument-syntax.ts";
import type { GpuAssignment } from "../gpu/gpu-allocation-table.ts";
import { mdevPath } from "../gpu/mdev.ts";
import { ordinalOf, slotOf, type PciAddress } from "../gpu/pci-address.ts";

/** Chassis numbers of root ports; other devices of a machine use lower ones. */
const FIRST_CHASSIS = 64;

/**
 * QEMU's arguments for a GPU assignment. A passed-through card shows nothing on QEMU's display: the emulated adapter
 * stays. A mediated device is the display itself, from the firmware on, so the emulated adapter must be left out.
 */
export function gpuArguments(assignment: GpuAssignment): string[] {
  return assignment.kind === "passthrough"
    ? passthroughArguments(assignment.devices.map(({ address }) => address))
    : mdevArguments(assignment);
}

/** A root port for each slot: drivers of GPUs expect a PCIe link above them. */
function passthroughArguments(addresses: readonly PciAddress[]): string[] {
  const slots = new Map<string, PciAddress[]>();
  for (const address of addresses) {
    const slot = slotOf(address);
    slots.set(slot, [...(slots.get(slot) ?? []), address]);
  }
  return [...slots.values()].flatMap((functions, index) => {
    const bus = `gpuport${index}`;
    return [
      ...device({ driver: "pcie-root-port", id: bus, bus: "pcie.0", chassis: FIRST_CHASSIS + index }),
      ...placeFunctions(functions).flatMap(({ host, ordinal }) =>
        device({
          driver: "vfio-pci",
          id: `gpu${index}f${ordinal}`,
          host,
          bus,
          addr: `0.${ordinal}`,
          ...(ordinal === 0 && functions.length > 1 ? { multifunction: true } : {}),
        }),
      ),
    ];
  });
}

/** Functions keep their numbers; a guest finds none of them unless there is a number 0. */
function placeFunctions(functions: readonly PciAddress[]): { host: PciAddress; ordinal: number }[] {
  const placed = functions
    .map((host) => ({ host, ordinal: ordinalOf(host) }))
    .sort((one, other) => one.ordinal - other.ordinal);
  return placed.map((each, index) => (index === 0 ? { ...each, ordinal: 0 } : each));
}

function mdevArguments({ devices, renderNode }: Extract<GpuAssignment, { kind: "mdev" }>): string[] {
  return [
    // Together with `-vnc`: makes the framebuffer in the GPU's memory readable for it.
    ...(renderNode === null ? [] : ["-display", `egl-headless,rendernode=/dev/dri/${renderNode}`]),
    ...devices.flatMap(({ uuid }, index) =>
      device({
        // The variant with a ramfb, which is the display until the guest's driver has loaded.
        driver: "vfio-pci-nohotplug",
        id: `mdev${index}`,
        sysfsdev: mdevPath(uuid),
        bus: "pcie.0",
        display: "on",
        ramfb: true,
      }),
    ),
  ];
}

function device(properties: Readonly<Record<string, unknown>>): string[] {
  return ["-device", jsonArgument(properties)];
}
