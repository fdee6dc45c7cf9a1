import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { runProcess } from "../test-process.ts";
import { writeCpio, type CpioEntry } from "./cpio.ts";
import type { LinuxGuest } from "./linux-guest.ts";

const MODULES = [
  "drivers/virtio/virtio_ring",
  "drivers/virtio/virtio",
  "drivers/virtio/virtio_pci_legacy_dev",
  "drivers/virtio/virtio_pci_modern_dev",
  "drivers/virtio/virtio_pci",
  "drivers/block/virtio_blk",
];
const [FILE, PROGRAM, FOLDER] = [0o100644, 0o100755, 0o040755];

/**
 * A small Linux (Debian's cloud kernel, which has ext2 inside, and BusyBox) that runs `script` and switches itself off.
 * What the script prints comes out of the first serial port.
 */
export async function buildDiskGuest(
  folder: string,
  script: string,
): Promise<{ readonly kernel: string; readonly initrd: string }> {
  const kernel = readdirSync("/boot").findLast((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))!;
  const modules = `/lib/modules/${kernel.slice("vmlinuz-".length)}/kernel`;
  const entries: CpioEntry[] = [
    ...["bin", "lib", "proc", "sys", "dev", "mnt"].map((name) => folderEntry(name)),
    { path: "bin/busybox", mode: PROGRAM, data: await readFile("/bin/busybox") },
    { path: "init", mode: PROGRAM, data: Buffer.from(writeInit(script)) },
  ];
  for (const name of MODULES) {
    const data = await readFile(path.join(modules, `${name}.ko`));
    entries.push({ path: `lib/${path.basename(name)}.ko`, mode: FILE, data });
  }
  const initrd = path.join(folder, "disk-guest.cpio.gz");
  await writeFile(initrd, gzipSync(writeCpio(entries), { level: 1 }));
  return { kernel: path.join("/boot", kernel), initrd };
}

const IMAGE_KIB = 48 * 1024;

/** The same on a disk of its own, a qcow2 image that boots by BIOS, with zeros at its end. @returns the file */
export async function buildDiskImage(folder: string, script: string): Promise<string> {
  return installGuest(folder, await buildDiskGuest(folder, script), "qcow2");
}

/** A guest on a disk of its own that boots by BIOS. @returns the file */
export async function installGuest(
  folder: string,
  { kernel, initrd }: LinuxGuest,
  format: "qcow2" | "vdi",
): Promise<string> {
  const at = (name: string): string => path.join(folder, name);
  const [raw, config, image] = [at("disk-guest.raw"), at("syslinux.cfg"), at(`disk-guest.${format}`)];
  await writeFile(
    config,
    "DEFAULT linux\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.img\n" +
      "  APPEND console=ttyS0 quiet panic=-1 random.trust_cpu=on\n",
  );
  await run("mkfs.vfat", "-C", raw, String(IMAGE_KIB));
  await run("mcopy", "-i", raw, kernel, "::vmlinuz");
  await run("mcopy", "-i", raw, initrd, "::initrd.img");
  await run("mcopy", "-i", raw, config, "::syslinux.cfg");
  await run("syslinux", "--install", raw);
  await run("qemu-img", "convert", "-f", "raw", "-O", format, raw, image);
  return image;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runProcess(program, args);
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
}

function folderEntry(name: string): CpioEntry {
  return { path: name, mode: FOLDER, data: Buffer.alloc(0) };
}

function writeInit(script: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
for module in ${MODULES.map((name) => path.basename(name)).join(" ")}; do insmod /lib/$module.ko; done
${script}
echo GUEST-DONE
poweroff -f
`;
}
