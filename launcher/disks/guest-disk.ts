import { LaunchError, type BootSource } from "../../protocol/index.ts";
import { hostFile, imageNode, type BlockNode } from "../model/block-nodes.ts";
import { jsonArgument } from "../model/argument-syntax.ts";
import { inspectOverlay } from "../images/inspect-image.ts";

/** The images beneath a machine's own disk. */
export interface BackingChain {
  readonly boot: BootSource;
  /** The disk that boot scripts changed, over the image; null: none. */
  readonly customized: string | null;
}

/**
 * A disk that a guest's QEMU has written to, as an argument for qemu-img. A compromised QEMU could have put any file of
 * the host into its header, and qemu-img may read them all: the backing file is therefore named here, and a header that
 * keeps its data in another file is refused.
 * @param backing null: the backing file is not needed
 * @throws LaunchError `OVERLAY_UNSAFE`
 */
export async function openGuestDisk(file: string, backing: BackingChain | null): Promise<string> {
  const fault = await inspectOverlay(file);
  if (fault !== null) {
    const why = fault.kind === "missing" ? "it is missing" : fault.why;
    const text = `The machine's disk cannot be used: ${why}.`;
    throw LaunchError.public("OVERLAY_UNSAFE", text);
  }
  return `json:${jsonArgument(qcow2On(file, backing && describeBacking(backing)))}`;
}

function describeBacking({ boot, customized }: BackingChain): BlockNode | null {
  if (boot.kind !== "disk") return null;
  const image = imageNode("base0", boot.format, boot.file);
  return customized === null ? image : qcow2On(customized, image);
}

function qcow2On(file: string, backing: BlockNode | null): BlockNode {
  return { driver: "qcow2", file: hostFile(file), backing };
}
