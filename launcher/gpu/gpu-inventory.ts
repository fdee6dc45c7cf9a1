import { readMdevs, type Mdev } from "./mdev.ts";
import { isPciAddress } from "./pci-address.ts";
import { isGpu, PCI_DEVICES, readPciDevice, type PciDevice } from "./pci-device.ts";
import { nameByNumbers, type PciNames } from "./pci-names.ts";
import type { SysTree } from "../system/sys-tree.ts";

/** Devices on the host's PCI buses that are relevant to its GPUs. */
export interface GpuInventory {
  readonly devices: readonly PciDevice[];
  readonly gpus: readonly PciDevice[];
  readonly mdevs: readonly Mdev[];
  /** Number of IOMMU groups; 0: there is no IOMMU, or it is switched off. */
  readonly iommuGroups: number;
  readonly nameOf: PciNames;
}

/** @param readNames called once; the list is long */
export async function readGpuInventory(
  tree: SysTree,
  readNames: (devices: readonly PciDevice[]) => Promise<PciNames>,
): Promise<GpuInventory> {
  const addresses = (await tree.names(PCI_DEVICES)).filter(isPciAddress);
  const devices = await Promise.all(addresses.map((address) => readPciDevice(tree, address)));
  const gpus = devices.filter(isGpu);
  return {
    devices,
    gpus,
    mdevs: await readMdevs(tree),
    iommuGroups: (await tree.names("sys/kernel/iommu_groups")).length,
    nameOf: gpus.length === 0 ? nameByNumbers : await readNames(devices),
  };
}
