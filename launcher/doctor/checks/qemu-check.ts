import { adviceFinding, missingFinding, okFinding, type Finding } from "../../model/finding.ts";
import type { QemuFacts } from "../doctor-facts.ts";

const INSTALL = "apt install qemu-system-x86 qemu-utils";
/** Screens as PNG came with 7.1. */
const OLDEST = [7, 1] as const;
/** Without these no machine starts. */
const NEEDED = ["VGA", "virtio-vga", "virtio-blk-pci", "virtio-net-pci", "qemu-xhci", "usb-tablet", "ide-cd"];
/** Choices of display adapters, and what GPUs need. */
const WELCOME = ["qxl-vga", "vmware-svga", "cirrus-vga", "pcie-root-port", "vfio-pci"];

export function checkQemu({ version, devices, img }: QemuFacts): Finding[] {
  if (version === null) {
    const text = "There is no QEMU, so no machine can be made here; publishing desktops works.";
    return [missingFinding("qemu", text, INSTALL)];
  }
  return [checkVersion(version), checkImg(img), ...checkDevices(devices)];
}

function checkVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [needMajor, needMinor] = OLDEST;
  return major > needMajor || (major === needMajor && minor >= needMinor)
    ? okFinding("qemu", `QEMU ${version}.`)
    : missingFinding(
        "qemu",
        `QEMU ${version} is too old: pictures of machines need ${OLDEST.join(".")}.`,
        "Use Debian 12 or newer, or another QEMU first on the search path.",
      );
}

function checkImg(img: boolean): Finding {
  return img
    ? okFinding("qemu-img", "qemu-img is there.")
    : missingFinding("qemu-img", "qemu-img is missing, which makes the machines' disks.", INSTALL);
}

function checkDevices(devices: readonly string[]): Finding[] {
  const needed = NEEDED.filter((name) => !devices.includes(name));
  const welcome = WELCOME.filter((name) => !devices.includes(name));
  if (needed.length > 0)
    return [missingFinding("qemu-devices", `This QEMU lacks devices: ${needed.join(", ")}.`, INSTALL)];
  return welcome.length > 0
    ? [
        adviceFinding(
          "qemu-devices",
          `This QEMU lacks devices that some machines ask for: ${welcome.join(", ")}.`,
          INSTALL,
        ),
      ]
    : [okFinding("qemu-devices", "QEMU has every device that machines use.")];
}
