import { adviceFinding, okFinding, type Finding } from "../../model/finding.ts";
import type { QemuFacts, ToolFacts } from "../doctor-facts.ts";

/** Programs and files that only some machines need. */
export function checkTools(tools: ToolFacts, qemu: Pick<QemuFacts, "devices">): Finding[] {
  return [
    qemu.devices.includes("virtio-9p-pci")
      ? okFinding("shares-9p", "QEMU can share folders by 9p.")
      : adviceFinding("shares-9p", "This QEMU cannot share folders by 9p.", "apt install qemu-system-x86"),
    tools.virtiofsd
      ? okFinding("shares-virtiofs", "virtiofsd can share folders.")
      : adviceFinding(
          "shares-virtiofs",
          "virtiofsd is missing: folders can be shared by 9p only.",
          "apt install virtiofsd (Debian 12: it comes with qemu-system-common)",
        ),
    checkGuestfs(tools),
    tools.swtpm
      ? okFinding("tpm", "Machines can have a TPM.")
      : adviceFinding("tpm", "swtpm is missing: no machine can have a TPM.", "apt install swtpm"),
    tools.uefi
      ? okFinding("uefi", "Machines can have UEFI and Secure Boot.")
      : adviceFinding("uefi", "OVMF is missing: machines start by BIOS only.", "apt install ovmf"),
  ];
}

function checkGuestfs({ virtCustomize, readableKernel }: ToolFacts): Finding {
  if (!virtCustomize) {
    return adviceFinding(
      "libguestfs",
      "virt-customize is missing: boot scripts reach only images with cloud-init.",
      "apt install guestfs-tools linux-image-amd64",
    );
  }
  return readableKernel
    ? okFinding("libguestfs", "virt-customize is there, with a kernel that it may read.")
    : adviceFinding(
        "libguestfs",
        "virt-customize is there, and no kernel that this account may read.",
        "apt install linux-image-amd64; then, for each kernel: dpkg-statoverride --update --add root root 0644 /boot/vmlinuz-VERSION",
      );
}
