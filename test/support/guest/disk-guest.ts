import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { writeCpio, type CpioEntry } from "./cpio.ts";

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
