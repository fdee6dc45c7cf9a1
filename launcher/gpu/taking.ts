import type { GpuAssignment } from "./assignment.ts";
import { bindToVfio, giveBack } from "./binding.ts";
import type { MdevOffer } from "./choose.ts";
import { createMdev, mdevGroup, removeMdev } from "./mdev.ts";
import { PCI_DEVICES } from "./pci-device.ts";
import type { Taking } from "./record.ts";
import type { SysTree } from "./sys-tree.ts";
import type { GpuUnit } from "./unit.ts";

/** What will be taken, before anything is: this goes on disk first. */
export function planUnit(machine: string, { functions }: GpuUnit): Taking {
  const devices = functions.map(({ address, driver }) => ({
    address,
    driver: driver === "vfio-pci" ? null : driver,
    taken: driver !== "vfio-pci",
  }));
  return { machine, kind: "passthrough", devices, mdevs: [], nodes: [], owed: false };
}

export function planMdev(machine: string, { parent }: MdevOffer, uuid: string): Taking {
  // Intel's driver leaves pictures in the GPU's memory; NVIDIA's hands out pixels.
  const renderNode = parent.vendor === "8086" ? parent.renderNode : null;
  const mdevs = [{ uuid, parent: parent.address, renderNode }];
  return { machine, kind: "mdev", devices: [], mdevs, nodes: [], owed: false };
}

/** Does what was planned. @throws what the kernel says, half-way */
export async function carryOut(tree: SysTree, taking: Taking, mdevType: string | null): Promise<void> {
  for (const { address } of taking.devices) await bindToVfio(tree, address);
  for (const { uuid, parent } of taking.mdevs)
    if (mdevType !== null) await createMdev(tree, parent, mdevType, uuid);
}

/** The nodes that QEMU opens, `dev/vfio/14`. */
export async function findNodes(tree: SysTree, taking: Taking): Promise<string[]> {
  const groups = new Set<string>();
  for (const { address } of taking.devices)
    groups.add((await tree.linkName(`${PCI_DEVICES}/${address}/iommu_group`)) ?? "");
  for (const { uuid } of taking.mdevs) groups.add((await mdevGroup(tree, uuid)) ?? "");
  return [...groups].filter((group) => group !== "").map((group) => `dev/vfio/${group}`);
}

/** Gives everything back, as far as it was taken. @throws what the kernel says */
export async function undo(tree: SysTree, taking: Taking): Promise<void> {
  for (const { path, uid, gid } of taking.nodes)
    if (await tree.exists(path)) await tree.give(path, { uid, gid });
  for (const { uuid } of taking.mdevs) await removeMdev(tree, uuid);
  // Backwards: sound and the like belong to the GPU's function 0.
  for (const { address, driver, taken } of [...taking.devices].reverse())
    if (taken) await giveBack(tree, address, driver);
}

export function toAssignment({ kind, devices, mdevs }: Taking): GpuAssignment {
  if (kind === "passthrough") return { kind, devices: devices.map(({ address }) => ({ address })) };
  const [first] = mdevs;
  return {
    kind,
    devices: mdevs.map(({ uuid, parent }) => ({ uuid, parent })),
    renderNode: first?.renderNode ?? null,
  };
}
