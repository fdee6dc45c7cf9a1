import type { SysTree } from "../system/sys-tree.ts";
import { isPciAddress, type PciAddress } from "./pci-address.ts";
import { isGpu, PCI_DEVICES, readPciDevice } from "./pci-device.ts";

/** The GPUs that vfio-pci has already: somebody has set them aside for machines. */
export async function listBoundGpus(tree: SysTree): Promise<PciAddress[]> {
  const addresses = (await tree.names(PCI_DEVICES)).filter(isPciAddress);
  const devices = await Promise.all(addresses.map((address) => readPciDevice(tree, address)));
  return devices
    .filter((device) => isGpu(device) && device.driver === "vfio-pci")
    .map(({ address }) => address);
}
