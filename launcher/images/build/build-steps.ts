import type { DiskLayout } from "./disk-layout.ts";
import { setUpCommand } from "./guest-files.ts";
import type { Recipe } from "./recipe.ts";

/** One program to run in the work folder. */
export interface BuildStep {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly input?: string;
}

export interface BuildInputs {
  readonly recipe: Recipe;
  /** More than the recipe's. */
  readonly packages: readonly string[];
  readonly sources: readonly string[];
  readonly layout: DiskLayout;
  readonly partitions: string;
  readonly rootFileSystemId: string;
  /** Without root, the tree belongs to a range of other ids (`/etc/subuid`). */
  readonly isRoot: boolean;
  readonly kernelArguments: string;
  /** Absolute. */
  readonly workDir: string;
}

/** Names inside the work folder. */
export const WORK_FILES = {
  overlay: "overlay",
  tree: "tree.tar",
  root: "root",
  disk: "disk.raw",
  image: "image.qcow2",
  kernel: "vmlinuz",
  initrd: "initrd.img",
} as const;

const SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";

/** What the two boot programs read from the firmware's partition. */
export function listBootLoaderFiles(
  title: string,
  kernelArguments: string,
): Readonly<Record<string, string>> {
  const linux = { kernel: "/vmlinuz", initrd: "/initrd.img" };
  return {
    "loader.conf": "timeout 0\ndefault linux\n",
    "linux.conf": `title ${title}\nlinux ${linux.kernel}\ninitrd ${linux.initrd}\noptions ${kernelArguments}\n`,
    "syslinux.cfg":
      `DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n  LINUX ${linux.kernel}\n  INITRD ${linux.initrd}\n` +
      `  APPEND ${kernelArguments}\n`,
  };
}

/** From packages to a disk, without a mount and without a loop device. */
export function listBuildSteps(inputs: BuildInputs): BuildStep[] {
  return [bootstrap(inputs), ...makeDisk(inputs), ...makeBootPartition(inputs), makeRoot(inputs), pack()];
}

function bootstrap({ recipe, packages, sources, isRoot, workDir }: BuildInputs): BuildStep {
  const all = [...new Set([...recipe.packages, ...packages])];
  return {
    title: "Install the packages",
    program: "mmdebstrap",
    args: [
      `--mode=${isRoot ? "root" : "unshare"}`,
      "--verbose",
      "--variant=apt",
      "--format=tar",
      `--architectures=${recipe.architecture}`,
      `--include=${all.join(",")}`,
      "--aptopt=APT::Install-Recommends false",
      "--aptopt=Acquire::Retries 3",
      "--dpkgopt=force-confold",
      "--dpkgopt=force-unsafe-io",
      `--essential-hook=sync-in ${quote(`${workDir}/${WORK_FILES.overlay}`)} /`,
      `--customize-hook=chroot "$1" ${setUpCommand.join(" ")}`,
      recipe.suite,
      WORK_FILES.tree,
      ...sources,
    ],
  };
}

function makeDisk({ layout, partitions }: BuildInputs): BuildStep[] {
  const title = "Make the disk";
  return [
    { title, program: "truncate", args: ["-s", String(layout.diskBytes), WORK_FILES.disk] },
    {
      title,
      program: "sfdisk",
      args: ["--quiet", "--no-reread", "--no-tell-kernel", WORK_FILES.disk],
      input: partitions,
    },
  ];
}

function makeBootPartition({ layout }: BuildInputs): BuildStep[] {
  const title = "Make it start by itself";
  const drive = `${WORK_FILES.disk}@@${layout.espOffset}`;
  const hidden = String(layout.espOffset / 512);
  const copy = (...args: string[]): BuildStep => ({ title, program: "mcopy", args: ["-i", drive, ...args] });
  return [
    {
      title,
      program: "tar",
      args: [
        "-xf",
        WORK_FILES.tree,
        "--wildcards",
        "--strip-components=2",
        "./boot/vmlinuz-*",
        "./boot/initrd.img-*",
      ],
    },
    // One kernel was installed, so each pattern fits one file.
    { title, program: "sh", args: ["-c", "mv vmlinuz-* vmlinuz && mv initrd.img-* initrd.img"] },
    {
      title,
      program: "mformat",
      args: [
        "-i",
        drive,
        "-F",
        "-T",
        String(layout.espSectors),
        "-H",
        hidden,
        "-h",
        "255",
        "-s",
        "63",
        "-v",
        "EFI",
        "::",
      ],
    },
    { title, program: "mmd", args: ["-i", drive, "::EFI", "::EFI/BOOT", "::loader", "::loader/entries"] },
    copy(WORK_FILES.kernel, WORK_FILES.initrd, "syslinux.cfg", "::"),
    copy(SYSTEMD_BOOT, "::EFI/BOOT/BOOTX64.EFI"),
    copy("loader.conf", "::loader/loader.conf"),
    copy("linux.conf", "::loader/entries/linux.conf"),
    { title, program: "syslinux", args: ["--install", "-t", String(layout.espOffset), WORK_FILES.disk] },
    {
      title,
      program: "dd",
      args: [
        "if=/usr/lib/syslinux/mbr/gptmbr.bin",
        `of=${WORK_FILES.disk}`,
        "bs=440",
        "count=1",
        "conv=notrunc",
        "status=none",
      ],
    },
  ];
}

/** The tree is unpacked and made into a file system by the same ids that own it. */
function makeRoot({ layout, rootFileSystemId, isRoot }: BuildInputs): BuildStep {
  const script =
    'mkdir "$1" && tar -C "$1" -xf "$2" --numeric-owner --xattrs --xattrs-include="*" --exclude="./dev/*" && ' +
    'mke2fs -q -F -t ext4 -L root -U "$3" -d "$1" -E "offset=$4,root_owner=0:0" "$5" "$6"; status=$?; ' +
    'rm -rf "$1"; exit "$status"';
  const args = [
    ...[
      "-c",
      script,
      "sh",
      WORK_FILES.root,
      WORK_FILES.tree,
      rootFileSystemId,
      String(layout.rootOffset),
      WORK_FILES.disk,
    ],
    `${layout.rootBytes / 1024}k`,
  ];
  const title = "Make the file system";
  if (isRoot) return { title, program: "sh", args };
  return { title, program: "mmdebstrap", args: ["--unshare-helper", "sh", ...args] };
}

function pack(): BuildStep {
  return {
    title: "Pack the image",
    program: "qemu-img",
    args: [
      "convert",
      "-f",
      "raw",
      "-O",
      "qcow2",
      "-c",
      "-o",
      "compression_type=zstd",
      WORK_FILES.disk,
      WORK_FILES.image,
    ],
  };
}

/** A path quoted for a hook, which a shell splits into words. */
function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
