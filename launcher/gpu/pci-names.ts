import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { PciDevice } from "./pci-device.ts";

export type PciNames = (device: Pick<PciDevice, "vendor" | "device">) => string;

/** For use where names are not displayed. */
export const nameByNumbers: PciNames = ({ vendor, device }) => `PCI ${vendor}:${device}`;

const PCI_IDS = "/usr/share/misc/pci.ids";

/**
 * Names of these devices by the list `pci.ids`; numbers where the list lacks them or is missing.
 * @param file from the package pci.ids
 */
export async function readPciNames(
  devices: readonly Pick<PciDevice, "vendor" | "device">[],
  file = PCI_IDS,
): Promise<PciNames> {
  const wanted = new Set(devices.map(({ vendor }) => vendor));
  const names = new Map<string, string>();
  let vendor: string | null = null;
  try {
    for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
      // The classes at the end of the file have the same syntax as vendors.
      if (line.startsWith("C ")) break;
      const [, id, name = ""] = /^([0-9a-f]{4}) {2}(.+)$/.exec(line) ?? [];
      if (id !== undefined) {
        vendor = wanted.has(id) ? id : null;
        if (vendor !== null) names.set(vendor, name);
      } else if (vendor !== null) {
        const [, device, title = ""] = /^\t([0-9a-f]{4}) {2}(.+)$/.exec(line) ?? [];
        if (device !== undefined) names.set(`${vendor}:${device}`, title);
      }
    }
  } catch {
    // Numbers do as well.
  }
  return (of) => nameOf(names, of);
}

function nameOf(names: ReadonlyMap<string, string>, of: Pick<PciDevice, "vendor" | "device">): string {
  const numbers = `${of.vendor}:${of.device}`;
  const maker = shorten(names.get(of.vendor) ?? "");
  const model = names.get(numbers);
  if (model === undefined) return maker === "" ? `PCI ${numbers}` : `${maker} ${numbers}`;
  return `${maker} ${model}`;
}

/** `NVIDIA Corporation` → `NVIDIA`; `Advanced Micro Devices, Inc. [AMD/ATI]` → `AMD`. */
function shorten(maker: string): string {
  const [, inBrackets] = /\[([^\]/]+)[^\]]*\]$/.exec(maker) ?? [];
  return inBrackets ?? maker.replace(/,? (Corporation|Inc\.?|Ltd\.?|Co\.?,? Ltd\.?)$/, "");
}
