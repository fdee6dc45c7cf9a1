import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";

/** One screen of a machine: each is a desktop of its own. */
export interface Head {
  /** The desktop's name: the machine's, `MACHINE-2`, … */
  readonly name: string;
  /** Its VNC server. */
  readonly socket: string;
  /** QEMU's adapter for it, and which of its outputs. */
  readonly device: string;
  readonly output: number;
}

/** As the protocol has it. */
const MAX_NAME = 64;

/** The screens of a machine, the first first; none where QEMU shows nothing. */
export function headsOf(
  { name, display, monitors, gpu }: Pick<MachineSpec, "name" | "display" | "monitors" | "gpu">,
  { vncSocket, socketBase }: Pick<MachinePaths, "vncSocket" | "socketBase">,
): Head[] {
  if (display === "none") return [];
  // A part of a GPU is the only screen, whatever was asked for.
  return Array.from({ length: gpu === "mdev" ? 1 : monitors }, (_, index) => ({
    name: index === 0 ? name : nameHead(name, index + 1),
    socket: index === 0 ? vncSocket : `${socketBase}vn${index + 1}`,
    device: display === "qxl" ? `video${index}` : "video0",
    output: display === "qxl" ? 0 : index,
  }));
}

/** All names that a machine's desktops may have. */
export function headNames({ name, monitors }: Pick<MachineSpec, "name" | "monitors">): string[] {
  return [name, ...Array.from({ length: monitors - 1 }, (_, index) => nameHead(name, index + 2))];
}

function nameHead(name: string, number: number): string {
  const suffix = `-${number}`;
  return name.slice(0, MAX_NAME - suffix.length) + suffix;
}
