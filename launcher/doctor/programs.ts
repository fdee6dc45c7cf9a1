import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { execa } from "execa";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";
import type { ApplianceTrial } from "../scripts/customize/try-appliance.ts";
import { findProgram, findQemuPrograms } from "../system/qemu-programs.ts";

export interface QemuFacts {
  /** `7.2.22`; null: there is no qemu-system-x86_64. */
  readonly version: string | null;
  /** Every device it can emulate. */
  readonly devices: readonly string[];
  readonly img: boolean;
}

export interface ToolFacts {
  readonly virtiofsd: boolean;
  readonly virtCustomize: boolean;
  /** How its appliance started; null: not tried. */
  readonly appliance: ApplianceTrial | null;
  readonly swtpm: boolean;
  readonly uefi: boolean;
}

const QEMU_TIMEOUT_MS = 20_000;
const UEFI_FILES = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"];

interface FoundPrograms {
  readonly qemu: string | null;
  readonly qemuImg: string | null;
  readonly virtCustomize: string | null;
  readonly tools: Omit<ToolFacts, "appliance">;
  readonly facts: QemuFacts;
}

export async function collectProgramFacts(searchPath: string): Promise<FoundPrograms> {
  const programs = findQemuPrograms(searchPath);
  const qemu = programs?.qemu.x86_64 ?? findProgram("qemu-system-x86_64", searchPath);
  const qemuImg = findProgram("qemu-img", searchPath);
  const virtCustomize = findProgram("virt-customize", searchPath);
  return {
    ...{ qemu, qemuImg, virtCustomize },
    facts: {
      version: qemu === null ? null : await readVersion(qemu),
      devices: qemu === null ? [] : await readDevices(qemu),
      img: qemuImg !== null,
    },
    tools: {
      virtiofsd: (programs?.virtiofsd ?? null) !== null,
      swtpm: (programs?.swtpm ?? null) !== null,
      virtCustomize: virtCustomize !== null,
      uefi: (await Promise.all(UEFI_FILES.map((file) => isReadable(file)))).every(Boolean),
    },
  };
}

/** Every device of `-device help`, by name. */
export function parseDevices(help: string): string[] {
  return [...help.matchAll(/^name "([^"]+)"/gm)].map(([, name = ""]) => name);
}

async function readVersion(qemu: string): Promise<string | null> {
  const { stdout } = await execa(qemu, ["--version"], { reject: false, timeout: QEMU_TIMEOUT_MS });
  return /version (\d+\.\d+[.\d]*)/.exec(stdout)?.[1] ?? null;
}

async function readDevices(qemu: string): Promise<string[]> {
  const { stdout } = await execa(qemu, ["-device", "help"], { reject: false, timeout: QEMU_TIMEOUT_MS });
  return parseDevices(stdout);
}

function isReadable(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}

const INSTALL = "apt install qemu-system-x86 qemu-utils";
/** The first with screenshots as PNG. */
const OLDEST_QEMU = [7, 1] as const;
/** Without these no machine starts. */
const NEEDED_DEVICES = [
  "VGA",
  "virtio-vga",
  "virtio-blk-pci",
  "virtio-net-pci",
  "qemu-xhci",
  "usb-tablet",
  "ide-cd",
];
/** Choices of display adapters, and what GPUs need. */
const OPTIONAL_DEVICES = ["qxl-vga", "vmware-svga", "cirrus-vga", "pcie-root-port", "vfio-pci"];

export function checkQemu({ version, devices, img }: QemuFacts): Finding[] {
  if (version === null) {
    const text = "There is no QEMU, so no machine can be made here; publishing desktops works.";
    return [missingFinding("qemu", text, INSTALL)];
  }
  return [checkVersion(version), checkImg(img), ...checkDevices(devices)];
}

function checkVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [needMajor, needMinor] = OLDEST_QEMU;
  return major > needMajor || (major === needMajor && minor >= needMinor)
    ? okFinding("qemu", `QEMU ${version}.`)
    : missingFinding(
        "qemu",
        `QEMU ${version} is too old: pictures of machines need ${OLDEST_QEMU.join(".")}.`,
        "Use Debian 12 or newer, or another QEMU first on the search path.",
      );
}

function checkImg(img: boolean): Finding {
  return img
    ? okFinding("qemu-img", "qemu-img is there.")
    : missingFinding("qemu-img", "qemu-img is missing, which makes the machines' disks.", INSTALL);
}

function checkDevices(devices: readonly string[]): Finding[] {
  const needed = NEEDED_DEVICES.filter((name) => !devices.includes(name));
  const optional = OPTIONAL_DEVICES.filter((name) => !devices.includes(name));
  if (needed.length > 0)
    return [missingFinding("qemu-devices", `This QEMU lacks devices: ${needed.join(", ")}.`, INSTALL)];
  return optional.length > 0
    ? [
        adviceFinding(
          "qemu-devices",
          `This QEMU lacks devices that some machines ask for: ${optional.join(", ")}.`,
          INSTALL,
        ),
      ]
    : [okFinding("qemu-devices", "QEMU has every device that machines use.")];
}

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

const KERNEL_REMEDY =
  "apt install linux-image-cloud-amd64. If a kernel is there, its account must be able to read it: " +
  "dpkg-statoverride --update --add root root 0644 /boot/vmlinuz-VERSION";
const OWNER_REMEDY =
  "Let machines run as an account of their own: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin postern-vm";

function checkGuestfs({ virtCustomize, appliance }: ToolFacts): Finding {
  if (!virtCustomize) {
    return adviceFinding(
      "libguestfs",
      "virt-customize is missing: boot scripts reach only images with cloud-init.",
      "apt install guestfs-tools linux-image-cloud-amd64",
    );
  }
  if (appliance === null) {
    const text =
      "virt-customize is there and was not tried: there is no qemu-img, or no account for machines.";
    return adviceFinding("libguestfs", text, "Mend that first, then ask again.");
  }
  switch (appliance.kind) {
    case "works":
      return okFinding(
        "libguestfs",
        "virt-customize works: its appliance started as machines would start it.",
      );
    case "slow":
      return adviceFinding(
        "libguestfs",
        "virt-customize's appliance did not start within three minutes.",
        "Boot scripts have a quarter of an hour. Try again when this host has less to do, or use images with cloud-init.",
      );
    case "failed":
      return missingFinding(
        "libguestfs",
        `virt-customize cannot change disks here: ${appliance.words}.`,
        chooseApplianceRemedy(appliance.words),
      );
  }
}

function chooseApplianceRemedy(words: string): string {
  if (/ownership/.test(words)) return OWNER_REMEDY;
  if (/kernel|vmlinuz|modules/.test(words)) return KERNEL_REMEDY;
  return "libguestfs-test-tool, as the account of machines, shows all that it does.";
}
