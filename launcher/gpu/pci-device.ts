import { readMdevTypes, type MdevType } from "./mdev.ts";
import type { PciAddress } from "./pci-address.ts";
import type { SysTree } from "../system/sys-tree.ts";

export const PCI_DEVICES = "sys/bus/pci/devices";

/** A PCI function as sysfs shows it. */
export interface PciDevice {
  readonly address: PciAddress;
  /** Class, subclass and interface, three bytes. */
  readonly classCode: number;
  /** Four hexadecimal digits each. */
  readonly vendor: string;
  readonly device: string;
  readonly driver: string | null;
  /** Null: no IOMMU, or not for this device. */
  readonly group: string | null;
  /** The firmware chose it for the console. */
  readonly bootVga: boolean;
  /** A connected monitor displays it. */
  readonly drivesMonitor: boolean;
  /** An SR-IOV virtual function: a unit of its own, whatever its address. */
  readonly virtual: boolean;
  /** Number of its virtual functions now. */
  readonly virtualFunctions: number;
  readonly mdevTypes: readonly MdevType[];
  /** Where programs draw with it: `renderD128`. */
  readonly renderNode: string | null;
}

export async function readPciDevice(tree: SysTree, address: PciAddress): Promise<PciDevice> {
  const folder = `${PCI_DEVICES}/${address}`;
  const [classCode, vendor, device, driver, group, physical] = await Promise.all([
    tree.text(`${folder}/class`),
    tree.text(`${folder}/vendor`),
    tree.text(`${folder}/device`),
    tree.linkName(`${folder}/driver`),
    tree.linkName(`${folder}/iommu_group`),
    tree.link(`${folder}/physfn`),
  ]);
  const any = {
    address,
    driver,
    group,
    classCode: Number(classCode ?? 0),
    vendor: hexDigits(vendor),
    device: hexDigits(device),
    virtual: physical !== null,
  };
  return { ...any, ...(isGpu(any) ? await readGpu(tree, folder) : NO_GPU) };
}

/** Properties of GPUs only: hosts have hundreds of other devices. */
type GpuTraits = Pick<
  PciDevice,
  "bootVga" | "drivesMonitor" | "virtualFunctions" | "mdevTypes" | "renderNode"
>;

const NO_GPU: GpuTraits = {
  bootVga: false,
  drivesMonitor: false,
  virtualFunctions: 0,
  mdevTypes: [],
  renderNode: null,
};

async function readGpu(tree: SysTree, folder: string): Promise<GpuTraits> {
  const drm = await tree.names(`${folder}/drm`);
  return {
    bootVga: (await tree.text(`${folder}/boot_vga`)) === "1",
    drivesMonitor: await hasEnabledConnector(tree, folder, drm),
    virtualFunctions: Number((await tree.text(`${folder}/sriov_numvfs`)) ?? 0),
    mdevTypes: await readMdevTypes(tree, folder),
    renderNode: drm.find((name) => name.startsWith("renderD")) ?? null,
  };
}

/** VGA, 3D and other display controllers. */
export function isGpu({ classCode }: Pick<PciDevice, "classCode">): boolean {
  return classCode >> 16 === 0x03;
}

/** Bridges between PCI buses belong to groups, and stay the host's. */
export function isPciBridge({ classCode }: PciDevice): boolean {
  return classCode >> 8 === 0x0604;
}

async function hasEnabledConnector(tree: SysTree, folder: string, drm: readonly string[]): Promise<boolean> {
  for (const card of drm.filter((name) => name.startsWith("card"))) {
    const connectors = (await tree.names(`${folder}/drm/${card}`)).filter((name) =>
      name.startsWith(`${card}-`),
    );
    for (const connector of connectors)
      if ((await tree.text(`${folder}/drm/${card}/${connector}/enabled`)) === "enabled") return true;
  }
  return false;
}

function hexDigits(text: string | null): string {
  return (text ?? "0x0000").replace(/^0x/, "").toLowerCase();
}
