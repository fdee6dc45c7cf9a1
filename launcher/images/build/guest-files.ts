import type { Recipe } from "./recipe.ts";

/** A file of the image: path in it, mode, text. */
export interface GuestFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

interface GuestChoices {
  readonly user: string;
  /** As crypt(3) makes it. */
  readonly passwordHash: string;
  /** XKB's name of a layout. */
  readonly keyboard: string;
  readonly sources: readonly string[];
  /** The partitions' own ids. */
  readonly espId: string;
  readonly rootId: string;
}

const SET_UP = "/root/.set-up";
const HASH = "/root/.password-hash";

/** The command that finishes the image from inside. */
export const setUpCommand = ["/bin/sh", SET_UP] as const;

/** The files of the image besides its packages. */
export function listGuestFiles(recipe: Recipe, choices: GuestChoices): GuestFile[] {
  const own = recipe.files.map(({ path, mode, lines }) => ({
    path,
    mode: Number.parseInt(mode, 8),
    text: joinLines(lines),
  }));
  const all: GuestFile[] = [
    file("/etc/hostname", [recipe.hostname]),
    file("/etc/hosts", ["127.0.0.1 localhost", `127.0.1.1 ${recipe.hostname}`, "::1 localhost"]),
    file("/etc/fstab", [
      `PARTUUID=${choices.rootId} / ext4 errors=remount-ro,x-systemd.growfs 0 1`,
      // Optional: without the partition the machine starts, but a new kernel is not copied.
      `PARTUUID=${choices.espId} /boot/efi vfat umask=0077,nofail 0 2`,
    ]),
    // Without KVM on a busy host starting is slow, which is not an error.
    file("/etc/systemd/system.conf.d/patience.conf", [
      "[Manager]",
      "DefaultTimeoutStartSec=10min",
      "DefaultDeviceTimeoutSec=10min",
    ]),
    file("/etc/default/keyboard", [
      'XKBMODEL="pc105"',
      `XKBLAYOUT="${choices.keyboard}"`,
      'XKBVARIANT=""',
      'XKBOPTIONS=""',
      'BACKSPACE="guess"',
    ]),
    file("/etc/initramfs-tools/conf.d/modules", ["MODULES=list", "COMPRESS=zstd"]),
    file("/etc/initramfs-tools/hooks/postern-modules", moduleHook(recipe.initrdModules), 0o755),
    file("/etc/kernel/postinst.d/zz-boot-partition", COPY_KERNEL, 0o755),
    file("/etc/initramfs/post-update.d/boot-partition", COPY_KERNEL, 0o755),
    ...own,
    file(HASH, [`${choices.user}:${choices.passwordHash}`], 0o600),
  ];
  return [...all, file(SET_UP, setUp(recipe, choices, all), 0o700)];
}

function moduleHook(modules: readonly string[]): string[] {
  return [
    "#!/bin/sh",
    '[ "$1" != prereqs ] || exit 0',
    ". /usr/share/initramfs-tools/hook-functions",
    `for module in ${modules.join(" ")}; do manual_add_modules "$module"; done`,
  ];
}

/** Firmware reads kernel and initrd from its own partition: a new kernel has to be copied there. */
const COPY_KERNEL = [
  "#!/bin/sh",
  "set -e",
  "mountpoint -q /boot/efi || exit 0",
  "newest=$(linux-version list | linux-version sort | tail -n 1)",
  'for name in "vmlinuz-$newest" "initrd.img-$newest"; do',
  '  [ -e "/boot/$name" ] || exit 0',
  '  cp "/boot/$name" "/boot/efi/${name%%-*}.new"',
  "done",
  "mv /boot/efi/vmlinuz.new /boot/efi/vmlinuz",
  "mv /boot/efi/initrd.img.new /boot/efi/initrd.img",
  "sync -f /boot/efi",
];

function setUp(recipe: Recipe, { user, sources }: GuestChoices, files: readonly GuestFile[]): string[] {
  return [
    "set -eu",
    `chown root:root ${files.map(({ path }) => path).join(" ")}`,
    "mkdir -p /boot/efi",
    `useradd --create-home --shell /bin/bash --groups sudo ${user}`,
    `chpasswd --encrypted < ${HASH}`,
    `rm -f ${HASH}`,
    ...recipe.script,
    // Each copy of the image is a machine of its own.
    ": > /etc/machine-id",
    "rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /etc/ssh/ssh_host_*",
    "rm -f /etc/apt/sources.list.d/*",
    ...sources.map((source, index) => `echo '${source}' ${index === 0 ? ">" : ">>"} /etc/apt/sources.list`),
    `rm -f ${SET_UP}`,
  ];
}

function file(path: string, lines: readonly string[], mode = 0o644): GuestFile {
  return { path, mode, text: joinLines(lines) };
}

function joinLines(lines: readonly string[]): string {
  return lines.map((one) => `${one}\n`).join("");
}
