import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { escapeValue, jsonArgument } from "./values.ts";

const ADAPTERS = {
  std: "VGA",
  qxl: "qxl-vga",
  virtio: "virtio-vga",
  vmware: "vmware-svga",
  cirrus: "cirrus-vga",
} as const;

/** Screen, VNC and a tablet, so that the guest's pointer is where the viewer's is. */
export function displayArguments(
  spec: Pick<MachineSpec, "display" | "screen">,
  paths: MachinePaths,
): string[] {
  const size = spec.screen === undefined ? {} : { xres: spec.screen.width, yres: spec.screen.height };
  const vnc = [
    `unix:${escapeValue(paths.vncSocket)}`,
    "password-secret=vnc0",
    // Whether others may watch is the server's decision, never the first viewer's.
    "share=force-shared",
  ];
  return [
    ...["-object", jsonArgument({ "qom-type": "secret", id: "vnc0", file: paths.vncSecret })],
    ...["-vnc", vnc.join(",")],
    ...(spec.display === "none"
      ? []
      : ["-device", jsonArgument({ driver: ADAPTERS[spec.display], ...size })]),
    ...["-device", jsonArgument({ driver: "qemu-xhci", id: "usb0" })],
    ...["-device", jsonArgument({ driver: "usb-tablet", bus: "usb0.0" })],
  ];
}
