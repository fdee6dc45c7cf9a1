import { ConfigError } from "../../protocol/index.ts";
import { parsePciAddress, slotOf } from "./pci-address.ts";
import type { PciDevice } from "./pci-device.ts";

/** Which GPUs the administrator assigns to machines. Addresses of a function, or of a whole slot. */
export interface GpuPolicy {
  readonly allow: "all" | readonly string[];
  readonly deny: readonly string[];
  /** The type of mediated devices; null: the smallest, of which there are most. */
  readonly mdevType: string | null;
}

/** No GPU is assigned unless the administrator allows it. */
export const NO_GPUS: GpuPolicy = { allow: [], deny: [], mdevType: null };

/**
 * @param allow values of `--gpu`: PCI addresses, or `all`
 * @param deny values of `--gpu-deny`: PCI addresses
 * @throws ConfigError `GPU_ADDRESS`
 */
export function parseGpuPolicy(
  allow: readonly string[],
  deny: readonly string[],
  mdevType?: string,
): GpuPolicy {
  return {
    allow: allow.includes("all") ? "all" : allow.map((text) => readAddress("--gpu", text)),
    deny: deny.map((text) => readAddress("--gpu-deny", text)),
    mdevType: mdevType ?? null,
  };
}

/** Whether a GPU was named, or all are allowed; the deny list is separate. */
export function isGpuAllowed({ allow }: GpuPolicy, gpu: PciDevice): boolean {
  return allow === "all" || names(allow, gpu);
}

/** Named by its own address: the administrator means this one, whatever else uses it. */
export function isGpuNamed({ allow }: GpuPolicy, gpu: PciDevice): boolean {
  return allow !== "all" && names(allow, gpu);
}

export function isGpuDenied({ deny }: GpuPolicy, device: PciDevice): boolean {
  return names(deny, device);
}

function names(addresses: readonly string[], { address }: PciDevice): boolean {
  return addresses.includes(address) || addresses.includes(slotOf(address));
}

function readAddress(option: string, text: string): string {
  const address = parsePciAddress(text);
  if (address !== null) return address;
  const orAll = option === "--gpu" ? ", or all" : "";
  throw new ConfigError(
    "GPU_ADDRESS",
    `${option} ${text}: write a PCI address as lspci shows it, for example 4c:00.0${orAll}.`,
  );
}
