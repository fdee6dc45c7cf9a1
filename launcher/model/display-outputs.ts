import { machineDesktopNames } from "../../protocol/index.ts";
import type { MachinePaths } from "./machine-paths.ts";
import type { MachineSpec } from "./machine-spec.ts";

/** Where one display of a running machine is. */
export interface MachineDisplay {
  /** Its desktop's name; that of the first is the machine's. */
  readonly name: string;
  readonly socketPath: string;
  readonly vncPassword?: string;
}

/** One output of a machine's display adapters: each is a desktop of its own. */
export interface DisplayOutput {
  /** The desktop's name. */
  readonly name: string;
  /** Its VNC server. */
  readonly socket: string;
  /** QEMU's adapter for it, and which of its outputs. */
  readonly device: string;
  readonly output: number;
}

/** The outputs of a machine, the first one first; none where QEMU displays nothing. */
export function listDisplayOutputs(
  { name, display, monitors, gpu }: Pick<MachineSpec, "name" | "display" | "monitors" | "gpu">,
  { vncSocket, socketBase }: Pick<MachinePaths, "vncSocket" | "socketBase">,
): DisplayOutput[] {
  if (display === "none") return [];
  // A mediated device is the only output, whatever was requested.
  return machineDesktopNames({ name, monitors: gpu === "mdev" ? 1 : monitors }).map((screen, index) => ({
    name: screen,
    socket: index === 0 ? vncSocket : `${socketBase}vn${index + 1}`,
    device: display === "qxl" ? `video${index}` : "video0",
    output: display === "qxl" ? 0 : index,
  }));
}
