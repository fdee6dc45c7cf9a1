import { networkKind, type ImageSummary } from "../../protocol/index.ts";
import type { ImageEntry } from "./entry.ts";
import { inspectImage, type ImageFault } from "./inspect.ts";

/**
 * What may be said of an entry outside the host: no paths.
 * @param qemuReady whether QEMU's programs are installed
 */
export async function summarizeImage(entry: ImageEntry, qemuReady: boolean): Promise<ImageSummary> {
  const { id, title, description, memoryMb, cpus, diskGb, arch, display, script, allow } = entry;
  const reason = qemuReady
    ? describeFault(entry, await inspectImage(entry.boot))
    : "QEMU is not installed on this host. Install it with: apt install qemu-system-x86 qemu-utils";
  return {
    id,
    title,
    description,
    memoryMb,
    cpus,
    ...(diskGb !== undefined && { diskGb }),
    arch,
    displays: [...new Set([display, ...entry.displays])],
    networks: networkKind.options.slice(0, networkKind.options.indexOf(entry.network) + 1),
    script,
    ...(allow !== undefined && { allow }),
    ...(reason === null ? { available: true } : { available: false, reason }),
  };
}

/** The fault in a sentence for people, with the remedy; null for no fault. */
export function describeFault(entry: ImageEntry, fault: ImageFault | null): string | null {
  if (fault === null) return null;
  if (fault.kind === "unsafe") return `The image cannot be used: ${fault.why}.`;
  if (entry.source?.url !== undefined)
    return `Not downloaded yet. The host's administrator fetches it with: postern image download ${entry.id}`;
  return entry.package === undefined
    ? "The image's file is missing on this host."
    : `The image's file is missing on this host. Install it with: apt install ${entry.package}`;
}
