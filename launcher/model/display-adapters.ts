import type { Architecture, DisplayAdapter } from "../../protocol/index.ts";

type EmulatedAdapter = Exclude<DisplayAdapter, "none">;

export const DRIVERS: Readonly<Record<Architecture, Readonly<Partial<Record<EmulatedAdapter, string>>>>> = {
  x86_64: {
    std: "VGA",
    qxl: "qxl-vga",
    virtio: "virtio-vga",
    vmware: "vmware-svga",
    cirrus: "cirrus-vga",
  },
  // Those that the firmware of ARM boards supports.
  aarch64: { std: "ramfb", virtio: "virtio-gpu-pci" },
};

/** Whether a guest architecture has this adapter; every one can do without. */
export function hasAdapter(arch: Architecture, display: DisplayAdapter): boolean {
  return display === "none" || DRIVERS[arch][display] !== undefined;
}

/** How many outputs an adapter can have. */
export function maxMonitors(display: DisplayAdapter): number {
  return display === "virtio" || display === "qxl" ? 4 : 1;
}
