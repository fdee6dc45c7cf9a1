import { describe, expect, test } from "vitest";
import { displayArguments } from "../../../../launcher/argv/display-arguments.ts";
import { hasAdapter, maxMonitors } from "../../../../launcher/model/display-adapters.ts";
import { displayAdapter } from "../../../../protocol/index.ts";
import { devicesOf, paths, specOf } from "./spec-fixture.ts";

const devices = (changes: Parameters<typeof specOf>[0]) =>
  devicesOf(displayArguments(specOf(changes), paths));
const screen = { width: 1280, height: 800 };

test.each([
  [{ display: "std" }, [{ driver: "VGA", id: "video0" }]],
  [{ display: "std", screen }, [{ driver: "VGA", id: "video0", xres: 1280, yres: 800 }]],
  [{ display: "virtio" }, [{ driver: "virtio-vga", id: "video0" }]],
  [{ display: "virtio", monitors: 3 }, [{ driver: "virtio-vga", id: "video0", max_outputs: 3 }]],
  [
    { display: "qxl", monitors: 3 },
    [
      { driver: "qxl-vga", id: "video0" },
      { driver: "qxl", id: "video1" },
      { driver: "qxl", id: "video2" },
    ],
  ],
  [{ display: "vmware", screen }, [{ driver: "vmware-svga", id: "video0" }]],
  [{ display: "cirrus", screen }, [{ driver: "cirrus-vga", id: "video0" }]],
  [{ display: "none" }, []],
  [{ display: "std", gpu: "passthrough" }, [{ driver: "VGA", id: "video0" }]],
  [{ display: "std", gpu: "mdev" }, []],
  [{ arch: "aarch64", display: "std", screen }, [{ driver: "ramfb", id: "video0" }]],
  [{ arch: "aarch64", display: "virtio" }, [{ driver: "virtio-gpu-pci", id: "video0" }]],
] as const)("%j", (changes, expected) => {
  expect(devices(changes).filter(({ driver }) => !/usb|xhci/.test(String(driver)))).toEqual(expected);
});

test("ARM boards get a keyboard", () => {
  expect(devices({ arch: "aarch64" })).toContainEqual({ driver: "usb-kbd", bus: "usb0.0" });
  expect(devices({})).not.toContainEqual({ driver: "usb-kbd", bus: "usb0.0" });
});

test("without an adapter there is no VNC server, and no password", () => {
  const argv = displayArguments(specOf({ display: "none" }), paths);
  expect(argv).toContain("-display");
  expect(argv).not.toContain("-vnc");
  expect(argv.join()).not.toContain("secret");
});

test("a keyboard layout is QEMU's", () => {
  const argv = displayArguments(specOf({ keymap: "fr" }), paths);
  expect(argv[argv.indexOf("-k") + 1]).toBe("fr");
  expect(displayArguments(specOf({}), paths)).not.toContain("-k");
});

describe("what there is", () => {
  test.each(displayAdapter.options)("%s", (display) => {
    expect(hasAdapter("x86_64", display)).toBe(true);
    expect(hasAdapter("aarch64", display)).toBe(["std", "virtio", "none"].includes(display));
    expect(maxMonitors(display)).toBe(["virtio", "qxl"].includes(display) ? 4 : 1);
  });
});
