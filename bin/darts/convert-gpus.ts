import { parseGpuPolicy } from "../../launcher/index.ts";
import { isPosternError } from "../../protocol/index.ts";
import type { PerlValue } from "./perl-values.ts";

interface GpuOptions {
  readonly server: readonly string[];
  readonly host: readonly string[];
}

/**
 * DARTS gives every GPU away that vfio-pci has, unless it is on its list, to whoever asks.
 * @param denied `gpu_blacklist`: PCI addresses with commas or spaces between
 * @param found addresses of the GPUs that vfio-pci has
 */
export function convertGpus(
  denied: PerlValue,
  found: readonly string[],
  warn: (text: string) => void,
): GpuOptions {
  const words = (typeof denied === "string" ? [denied] : denied).flatMap((text) => text.split(/[\s,;]+/));
  const kept = words.filter(Boolean).flatMap((word) => readDenied(word, warn));
  const given = found.filter(
    (address) => !kept.some((one) => address === one || address.startsWith(`${one}.`)),
  );
  return {
    server: given.length > 0 ? ["--user-may internet,gpu"] : [],
    host: [
      ...given.map((address) => `--gpu ${shorten(address)}`),
      ...kept.map((address) => `--gpu-deny ${shorten(address)}`),
    ],
  };
}

function readDenied(word: string, warn: (text: string) => void): readonly string[] {
  try {
    return parseGpuPolicy([], [word]).deny;
  } catch (error) {
    if (!isPosternError(error)) throw error;
    warn(`gpu_blacklist: ${word} is no PCI address and was left out.`);
    return [];
  }
}

/** As lspci shows it. */
function shorten(address: string): string {
  return address.replace(/^0000:/, "");
}
