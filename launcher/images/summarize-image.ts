import { errorCode, extractImageSummary, type ImageSummary, type ImageEntry } from "../../protocol/index.ts";
import { readAllDisksGb } from "./virtual-size.ts";
import { inspectImage, type ImageFault } from "./inspect-image.ts";

/** The protocol's limit; the reason may quote the image. */
const MAX_REASON = 300;

/**
 * The summary of an entry for use outside the host: no paths.
 * @param qemuReady whether QEMU's programs are installed
 */
export async function summarizeImage(entry: ImageEntry, qemuReady: boolean): Promise<ImageSummary> {
  const { server = false, sha256 } = entry.source ?? {};
  const reason = qemuReady
    ? describeImageFault(entry, await inspectReadable(entry))
    : "QEMU is not installed on this host. Install it with: apt install qemu-system-x86 qemu-utils";
  return {
    ...extractImageSummary({ ...entry, diskGb: await describeDiskSize(entry) }),
    ...(server && sha256 !== undefined ? { sha256 } : {}),
    ...(reason === null ? { available: true } : { available: false, reason: reason.slice(0, MAX_REASON) }),
  };
}

/** An image that cannot be read hides no other of the list. */
async function inspectReadable(entry: ImageEntry): Promise<ImageFault | null> {
  try {
    return await inspectImage(entry);
  } catch (error) {
    return { kind: "unsafe", why: `it cannot be read (${errorCode(error)})` };
  }
}

/** What is counted is what a machine has: at least the image's own disks. */
async function describeDiskSize({
  boot,
  extraDisks = [],
  diskGb,
}: ImageEntry): Promise<ImageEntry["diskGb"]> {
  if (boot.kind !== "disk") return diskGb;
  const own = await readAllDisksGb([boot, ...extraDisks]);
  if (own === null) return diskGb;
  return { default: Math.max(own, diskGb?.default ?? 0), min: Math.max(own, diskGb?.min ?? 0) };
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
