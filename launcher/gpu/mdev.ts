import { basename, dirname } from "node:path";
import type { PciAddress } from "./pci-address.ts";
import type { SysTree } from "../system/sys-tree.ts";

/** A kind of mediated device that a GPU's driver can make. */
export interface MdevType {
  /** As the kernel calls it: `i915-GVTg_V5_4`. */
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  /** How many more can be made now. */
  readonly available: number;
}

/** A mediated device that exists. */
export interface Mdev {
  readonly uuid: string;
  readonly parent: PciAddress;
  /** The id of its type. */
  readonly type: string;
}

const MDEVS = "sys/bus/mdev/devices";

export async function readMdevTypes(tree: SysTree, device: string): Promise<MdevType[]> {
  const folder = `${device}/mdev_supported_types`;
  return Promise.all(
    (await tree.names(folder)).map(async (id) => ({
      id,
      name: await tree.text(`${folder}/${id}/name`),
      description: await tree.text(`${folder}/${id}/description`),
      available: Number((await tree.text(`${folder}/${id}/available_instances`)) ?? 0),
    })),
  );
}

export async function readMdevs(tree: SysTree): Promise<Mdev[]> {
  const found = await Promise.all(
    (await tree.names(MDEVS)).map(async (uuid) => {
      const target = await tree.link(`${MDEVS}/${uuid}`);
      if (target === null) return [];
      const type = (await tree.linkName(`${MDEVS}/${uuid}/mdev_type`)) ?? "";
      return [{ uuid, parent: basename(dirname(target)), type }];
    }),
  );
  return found.flat();
}

/** @throws the kernel's error: ENOSPC if none is left */
export async function createMdev(
  tree: SysTree,
  parent: PciAddress,
  type: string,
  uuid: string,
): Promise<void> {
  await tree.write(`sys/bus/pci/devices/${parent}/mdev_supported_types/${type}/create`, uuid);
}

/** Does nothing if it does not exist. */
export async function removeMdev(tree: SysTree, uuid: string): Promise<void> {
  if (!(await tree.exists(`${MDEVS}/${uuid}`))) return;
  await tree.write(`${MDEVS}/${uuid}/remove`, "1");
}

/** The IOMMU group of a mediated device; QEMU opens its node under /dev/vfio. */
export async function mdevGroup(tree: SysTree, uuid: string): Promise<string | null> {
  return tree.linkName(`${MDEVS}/${uuid}/iommu_group`);
}

/** The path for QEMU's command line. */
export function mdevPath(uuid: string): string {
  return `/${MDEVS}/${uuid}`;
}
