import { extractImageSummary, type ImageSummary, type ImageEntry } from "../../protocol/index.ts";
import { inspectImage, type ImageFault } from "./inspect-image.ts";

/**
 * The summary of an entry for use outside the host: no paths.
 * @param qemuReady whether QEMU's programs are installed
 */
export async function summarizeImage(entry: ImageEntry, qemuReady: boolean): Promise<ImageSummary> {
  const { server = false, sha256 } = entry.source ?? {};
  const reason = qemuReady
    ? describeImageFault(entry, await inspectImage(entry.boot))
    : "QEMU is not installed on this host. Install it with: apt install qemu-system-x86 qemu-utils";
  return {
    ...extractImageSummary(entry),
    ...(server && sha256 !== undefined ? { sha256 } : {}),
    ...(reason === null ? { available: true } : { available: false, reason }),
  };
}

/** The fault in a sentence for users, with the remedy; null for no fault. */
export function describeImageFault(entry: ImageEntry, fault: ImageFault | null): string | null {
  if (fault === null) return null;
  if (fault.kind === "unsafe") return `The image cannot be used: ${fault.why}.`;
  if (entry.source?.server === true) return "The image's file is gone. It comes from the server again.";
  if (entry.source?.url !== undefined)
    return `Not downloaded yet. The host's administrator fetches it with: postern image download ${entry.id}`;
  return entry.package === undefined
    ? "The image's file is missing on this host."
    : `The image's file is missing on this host. Install it with: apt install ${entry.package}`;
}
