import { LaunchError } from "../../protocol/index.ts";
import { hostFile, imageNode } from "../argv/block-nodes.ts";
import { jsonArgument } from "../argv/values.ts";
import type { BootSource } from "../images/entry.ts";
import { inspectOverlay } from "../images/inspect.ts";

/**
 * A disk that a guest's QEMU has written to, as qemu-img is given it. Whoever took that QEMU over could have put any
 * file of the host into its header, and qemu-img may read them all: the file beneath is named here, not there, and a
 * header that keeps its data in another file is refused.
 * @param boot what lies beneath; null: nothing does, or nobody needs it
 * @throws LaunchError `OVERLAY_UNSAFE`
 */
export async function openGuestDisk(file: string, boot: BootSource | null): Promise<string> {
  const fault = await inspectOverlay(file);
  if (fault !== null) {
    const why = fault.kind === "missing" ? "it is missing" : fault.why;
    const text = `The machine's disk cannot be used: ${why}.`;
    throw new LaunchError("OVERLAY_UNSAFE", text, { safeMessage: text });
  }
  const backing = boot?.kind === "disk" ? imageNode("base0", boot.format, boot.file) : null;
  return `json:${jsonArgument({ driver: "qcow2", file: hostFile(file), backing })}`;
}
