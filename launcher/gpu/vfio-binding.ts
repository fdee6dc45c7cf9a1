import { PCI_DEVICES } from "./pci-device.ts";
import type { PciAddress } from "./pci-address.ts";
import type { SysTree } from "../system/sys-tree.ts";

const VFIO = "vfio-pci";

/** Unbinds a function from its driver and binds it to vfio-pci. @throws the kernel's error */
export async function bindToVfio(tree: SysTree, address: PciAddress): Promise<void> {
  const driver = await driverOf(tree, address);
  if (driver === VFIO) return;
  await tree.write(`${PCI_DEVICES}/${address}/driver_override`, VFIO);
  if (driver !== null) await tree.write(`${PCI_DEVICES}/${address}/driver/unbind`, address);
  await tree.write("sys/bus/pci/drivers_probe", address);
  const now = await driverOf(tree, address);
  if (now !== VFIO) throw new Error(`${address} has driver ${now ?? "none"} instead of ${VFIO}`);
}

/**
 * Binds a function to its former driver again; null: to none. Idempotent: it may follow a binding that stopped
 * half-way, or a restart of the host. @throws the kernel's error
 */
export async function restoreDriver(
  tree: SysTree,
  address: PciAddress,
  former: string | null,
): Promise<void> {
  // Unplugged, or the host's hardware was changed.
  if (!(await tree.exists(`${PCI_DEVICES}/${address}`))) return;
  // Cleared first: the device must not fall back to vfio-pci.
  await tree.write(`${PCI_DEVICES}/${address}/driver_override`, "\n");
  const driver = await driverOf(tree, address);
  if (driver === VFIO) await tree.write(`${PCI_DEVICES}/${address}/driver/unbind`, address);
  if (former === null || (driver !== null && driver !== VFIO)) return;
  await tree.write("sys/bus/pci/drivers_probe", address);
  if ((await driverOf(tree, address)) !== null) return;
  // No driver matched by device id: bind to the former one explicitly.
  await tree.write(`sys/bus/pci/drivers/${former}/bind`, address);
}

function driverOf(tree: SysTree, address: PciAddress): Promise<string | null> {
  return tree.linkName(`${PCI_DEVICES}/${address}/driver`);
}
