import type { GpuAssignment, GpuAllocation } from "./gpu-allocation-table.ts";
import { bindToVfio, restoreDriver } from "./vfio-binding.ts";
import type { MdevOffer } from "./choose-gpu.ts";
import { createMdev, mdevGroup, removeMdev } from "./mdev.ts";
import { PCI_DEVICES } from "./pci-device.ts";
import type { SysTree } from "../system/sys-tree.ts";
import type { GpuUnit } from "./gpu-unit.ts";

/** The allocation before anything is taken: it is written to disk first. */
export function planUnit(machine: string, { functions }: GpuUnit): GpuAllocation {
  const devices = functions.map(({ address, driver }) => ({
    address,
    driver: driver === "vfio-pci" ? null : driver,
    taken: driver !== "vfio-pci",
  }));
  return { machine, kind: "passthrough", devices, mdevs: [], nodes: [], owed: false };
}

export function planMdev(machine: string, { parent }: MdevOffer, uuid: string): GpuAllocation {
  // Intel's driver keeps the framebuffer in the GPU's memory; NVIDIA's delivers pixels.
  const renderNode = parent.vendor === "8086" ? parent.renderNode : null;
  const mdevs = [{ uuid, parent: parent.address, renderNode }];
  return { machine, kind: "mdev", devices: [], mdevs, nodes: [], owed: false };
}

/** Carries out a planned allocation. @throws the kernel's error, with the work half done */
export async function applyAllocation(
  tree: SysTree,
  allocation: GpuAllocation,
  mdevType: string | null,
): Promise<void> {
  for (const { address } of allocation.devices) await bindToVfio(tree, address);
  for (const { uuid, parent } of allocation.mdevs)
    if (mdevType !== null) await createMdev(tree, parent, mdevType, uuid);
}

/** The nodes that QEMU opens, `dev/vfio/14`. */
export async function findVfioNodes(tree: SysTree, allocation: GpuAllocation): Promise<string[]> {
  const groups = new Set<string>();
  for (const { address } of allocation.devices)
    groups.add((await tree.linkName(`${PCI_DEVICES}/${address}/iommu_group`)) ?? "");
  for (const { uuid } of allocation.mdevs) groups.add((await mdevGroup(tree, uuid)) ?? "");
  return [...groups].filter((group) => group !== "").map((group) => `dev/vfio/${group}`);
}

/** Restores what was taken. @throws the kernel's error */
export async function revertAllocation(tree: SysTree, allocation: GpuAllocation): Promise<void> {
  for (const { path, uid, gid } of allocation.nodes)
    if (await tree.exists(path)) await tree.changeOwner(path, { uid, gid });
  for (const { uuid } of allocation.mdevs) await removeMdev(tree, uuid);
  // Backwards: sound and the like belong to the GPU's function 0.
  for (const { address, driver, taken } of [...allocation.devices].reverse())
    if (taken) await restoreDriver(tree, address, driver);
}

export function toAssignment({ kind, devices, mdevs }: GpuAllocation): GpuAssignment {
  if (kind === "passthrough") return { kind, devices: devices.map(({ address }) => ({ address })) };
  const [first] = mdevs;
  return {
    kind,
    devices: mdevs.map(({ uuid, parent }) => ({ uuid, parent })),
    renderNode: first?.renderNode ?? null,
  };
}
