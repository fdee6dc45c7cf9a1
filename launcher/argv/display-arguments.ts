import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { listDisplayOutputs, type DisplayOutput } from "../model/display-outputs.ts";
import { escapeValue, jsonArgument } from "../model/argument-syntax.ts";
import { DRIVERS } from "../model/display-adapters.ts";

import { SOUND_BACKEND } from "./sound-arguments.ts";

type DisplaySpec = Pick<
  MachineSpec,
  "name" | "display" | "screen" | "arch" | "monitors" | "keymap" | "gpu" | "hardware"
>;

/** Drivers that accept a preferred size. */
const SIZED: readonly string[] = ["VGA", "qxl-vga", "virtio-vga", "virtio-gpu-pci"];

/** Adapters, and for each output a VNC server and a tablet, so that the guest's pointer is where the viewer's is. */
export function displayArguments(spec: DisplaySpec, paths: MachinePaths): string[] {
  if (spec.display === "none") return ["-display", "none", ...inputArguments(spec, [])];
  const outputs = listDisplayOutputs(spec, paths);
  return [
    ...["-object", jsonArgument({ "qom-type": "secret", id: "vnc0", file: paths.vncSecret })],
    ...outputs.flatMap((output, index) => [
      "-vnc",
      vncServer(output, {
        isBound: outputs.length > 1,
        hasSound: index === 0 && spec.hardware.sound !== "none",
      }),
    ]),
    ...(spec.keymap === undefined ? [] : ["-k", spec.keymap]),
    ...adapterArguments(spec),
    ...inputArguments(spec, outputs.slice(1)),
  ];
}

/** One VNC server for one output. @param isBound to this output; else it is the only one */
function vncServer(
  { socket, device, output }: DisplayOutput,
  { isBound, hasSound }: { readonly isBound: boolean; readonly hasSound: boolean },
): string {
  return [
    `unix:${escapeValue(socket)}`,
    "password-secret=vnc0",
    // Whether others may watch is the server's decision, never the first viewer's.
    "share=force-shared",
    // So does it decide who may press the power button through the viewer.
    "power-control=on",
    ...(isBound ? [`display=${device}`, `head=${output}`] : []),
    ...(hasSound ? [`audiodev=${SOUND_BACKEND}`] : []),
  ].join(",");
}

function adapterArguments({ display, screen, arch, monitors, gpu }: DisplaySpec): string[] {
  // A mediated device is the display itself.
  if (display === "none" || gpu === "mdev") return [];
  const driver = DRIVERS[arch][display];
  if (driver === undefined) throw new Error(`${arch} has no display adapter ${display}`);
  const size =
    screen === undefined || !SIZED.includes(driver) ? {} : { xres: screen.width, yres: screen.height };
  const several = display === "virtio" && monitors > 1 ? { max_outputs: monitors } : {};
  const further = display === "qxl" ? monitors - 1 : 0;
  return [
    ...["-device", jsonArgument({ driver, id: "video0", ...size, ...several })],
    ...Array.from({ length: further }, (_, index) => [
      "-device",
      jsonArgument({ driver: "qxl", id: `video${index + 1}` }),
    ]).flat(),
  ];
}

/**
 * The first tablet is bound to no display: without one, QEMU 7 treats the machine as if it had only mice.
 * @param further outputs after the first; each has a tablet of its own
 */
function inputArguments(
  { arch, hardware }: Pick<DisplaySpec, "arch" | "hardware">,
  further: readonly DisplayOutput[],
): string[] {
  // Systems for the older board know no USB 3.
  const controller = hardware.board === "pc" ? "piix3-usb-uhci" : "qemu-xhci";
  return [
    ...["-device", jsonArgument({ driver: controller, id: "usb0" })],
    ...["-device", jsonArgument({ driver: "usb-tablet", bus: "usb0.0" })],
    ...further.flatMap(({ device: display, output: head }) => [
      "-device",
      jsonArgument({ driver: "usb-tablet", bus: "usb0.0", display, head }),
    ]),
    // ARM boards have no PS/2 port.
    ...(arch === "aarch64" ? ["-device", jsonArgument({ driver: "usb-kbd", bus: "usb0.0" })] : []),
  ];
}
