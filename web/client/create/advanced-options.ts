import { DATA_DISK_NAME, isKeymap } from "../../../protocol/mip2/names.ts";
import type { Allowance, Image } from "../../api/schemas.ts";
import type { MachineCreateInput } from "../api/api-client.ts";

/** The values of the advanced options as typed. Empty: the image's default. */
export interface AdvancedOptions {
  readonly lifetime: string;
  readonly oneShot: boolean;
  readonly network: string;
  readonly display: string;
  readonly keymap: string;
  readonly gpu: string;
  readonly diskGb: string;
  readonly dataDisk: string;
  readonly dataSizeGb: string;
  readonly script: string;
  readonly master: boolean;
}

export type AdvancedOptionFault = "keymap" | "disk" | "dataDisk" | "dataSize" | "script";

const HOUR = 3600;
const LIFETIMES = [HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR, 48 * HOUR, 168 * HOUR, 720 * HOUR];

export const DEFAULT_OPTIONS: AdvancedOptions = {
  ...{ lifetime: "", oneShot: false, network: "", display: "", keymap: "", gpu: "none" },
  ...{ diskGb: "", dataDisk: "", dataSizeGb: "10", script: "", master: false },
};

/** The selectable lifetimes in seconds, the longest last. Null: unlimited. */
export function listLifetimes(most: number | null): readonly (number | null)[] {
  if (most === null) return [...LIFETIMES, null];
  return [...LIFETIMES.filter((seconds) => seconds < most), most];
}

/** The advanced options to show: only those that are available. */
export function listAvailableOptions(image: Image, allowance: Allowance | null) {
  const may = (privilege: Allowance["may"][number]) => allowance?.may.includes(privilege) ?? false;
  const networks = (image.networks ?? []).filter((network) => network !== "internet" || may("internet"));
  return {
    networks,
    displays: image.displays ?? [],
    /** Whether the image has a disk of its own; otherwise an empty one can be added. */
    ownDisk: image.diskGb !== undefined,
    gpu: may("gpu"),
    script: may("script") && image.script !== undefined && image.script !== "none",
    master: may("master"),
  };
}

export function checkAdvancedOptions(options: AdvancedOptions, image: Image): readonly AdvancedOptionFault[] {
  const faults: AdvancedOptionFault[] = [];
  const { keymap, diskGb, dataDisk, dataSizeGb, script } = options;
  if (keymap.trim() !== "" && !isKeymap(keymap.trim())) faults.push("keymap");
  if (diskGb.trim() !== "" && !(parseWholeNumber(diskGb) >= (image.diskGb?.min ?? 1))) faults.push("disk");
  if (dataDisk.trim() !== "") {
    if (!DATA_DISK_NAME.test(dataDisk.trim())) faults.push("dataDisk");
    if (!(parseWholeNumber(dataSizeGb) >= 1)) faults.push("dataSize");
  }
  if (script.length > 65_536) faults.push("script");
  return faults;
}

/** The part of a create request that these options make. */
export function toCreateInput(options: AdvancedOptions, image: Image): Omit<MachineCreateInput, "image"> {
  const { lifetime, oneShot, network, display, keymap, gpu, diskGb, dataDisk, script, master } = options;
  return {
    ...(lifetime !== "" && { lifetimeSeconds: Number(lifetime) }),
    ...(oneShot && { oneShot }),
    ...(network !== "" && { network: network as NonNullable<MachineCreateInput["network"]> }),
    ...(display !== "" && { display: display as NonNullable<MachineCreateInput["display"]> }),
    ...(keymap.trim() !== "" && { keymap: keymap.trim() }),
    ...(gpu !== "none" && { gpu: gpu as NonNullable<MachineCreateInput["gpu"]> }),
    ...(diskGb.trim() !== "" && { diskGb: parseWholeNumber(diskGb) }),
    // An image without a disk of its own, such as an installer, gets an empty one.
    ...(diskGb.trim() !== "" && image.diskGb === undefined && { emptyDisk: true }),
    ...(dataDisk.trim() !== "" && {
      dataDisk: { name: dataDisk.trim(), sizeGb: parseWholeNumber(options.dataSizeGb) },
    }),
    ...(script.trim() !== "" && { script }),
    ...(master && { master }),
  };
}

function parseWholeNumber(text: string): number {
  return /^\d{1,5}$/.test(text.trim()) ? Number(text.trim()) : NaN;
}
