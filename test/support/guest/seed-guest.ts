import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { CleanupStack } from "../cleanup-stack.ts";
import { startProcess } from "../test-process.ts";
import { writeCpio } from "./cpio.ts";

/** They are put into the kernel in this order, then once more: what one needs differs from kernel to kernel. */
const MODULES = [
  ...["virtio/virtio", "virtio/virtio_ring", "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev"],
  ...["virtio/virtio_pci", "block/virtio_blk", "cdrom/cdrom"],
].map((name) => `drivers/${name}.ko`);
const [FILE, PROGRAM, FOLDER] = [0o100644, 0o100755, 0o040755];

/**
 * Does with a seed what cloud-init does: finds the disk by its label, and runs the parts of user-data in their order.
 * What they print comes out of the serial port.
 */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
for module in /lib/*.ko /lib/*.ko; do insmod $module 2>/dev/null; done
for disk in /dev/vd?; do
  # The label's place in a volume descriptor.
  [ "$(dd if=$disk bs=1 skip=32808 count=6 2>/dev/null)" = CIDATA ] && mount -t iso9660 -o ro $disk /seed
done
echo "META $(cat /seed/meta-data)"
touch /seed/new && echo SEED-WRITABLE
awk '/^--==postern==/ { part++; body = 0; next } part && /^$/ { body = 1; next } body { print > ("/tmp/part" part) }' /seed/user-data
for part in /tmp/part*; do
  base64 -d $part > /tmp/run; chmod 700 /tmp/run; /tmp/run
done
ls / | grep -qx x && echo NAME-WAS-RUN
echo GUEST-DONE
poweroff -f
`;

/** Boots a small Linux with the seed that `drive` shows to it; gives back what its scripts printed. */
export async function runSeedGuest(cleanup: CleanupStack, drive: readonly string[]): Promise<string> {
  const folder = await cleanup.makeFolder();
  const version = (await readdir("/lib/modules"))
    .filter((name) => name.endsWith("-cloud-amd64"))
    .sort()
    .at(-1)!;
  const files = [...MODULES, "fs/isofs/isofs.ko"].map(async (file, index) => ({
    path: `lib/${String(index).padStart(2, "0")}-${path.basename(file)}`,
    mode: FILE,
    data: await readFile(path.join("/lib/modules", version, "kernel", file)),
  }));
  const folders = ["bin", "lib", "proc", "dev", "tmp", "seed"].map((name) => ({
    path: name,
    mode: FOLDER,
    data: Buffer.alloc(0),
  }));
  const programs = [
    { path: "bin/busybox", mode: PROGRAM, data: await readFile("/bin/busybox") },
    { path: "init", mode: PROGRAM, data: Buffer.from(INIT) },
  ];
  const initrd = path.join(folder, "guest.cpio.gz");
  await writeFile(
    initrd,
    gzipSync(writeCpio([...folders, ...programs, ...(await Promise.all(files))]), { level: 1 }),
  );
  const qemu = startProcess(cleanup, "qemu-system-x86_64", [
    ...["-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "256M"],
    ...["-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", `/boot/vmlinuz-${version}`, "-initrd", initrd],
    ...["-append", "console=ttyS0 quiet panic=-1"],
    ...drive,
  ]);
  await qemu.waitForOutput(/GUEST-DONE/, 160_000);
  await qemu.waitForExit();
  return qemu.output.replaceAll("\r", "");
}
