import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { readCpio, writeCpio, type CpioEntry } from "./cpio.ts";

const INSTALLER = "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64";
/** In the order in which they are put into the kernel. */
const MODULES = [
  ...["virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"],
  ...["failover", "net_failover", "virtio_net"],
];
const [FILE, PROGRAM, FOLDER] = [0o100644, 0o100755, 0o040755];

/** A small Linux: Debian's installer kernel, BusyBox and a script of the test's. */
export interface LinuxGuest {
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * Makes one that puts up its network, runs `script`, and switches itself off. What the script prints comes out of the
 * first serial port.
 */
export async function buildLinuxGuest(folder: string, script: string): Promise<LinuxGuest> {
  const installer = gunzipSync(await readFile(path.join(INSTALLER, "initrd.gz")));
  const modules = new Map<string, Buffer>();
  for (const { path: file, data } of readCpio(installer)) {
    if (file.endsWith(".ko")) modules.set(path.basename(file, ".ko"), data);
  }
  const entries: CpioEntry[] = [
    ...["bin", "lib", "proc", "sys", "dev", "tmp", "etc"].map((name) => folderEntry(name)),
    { path: "bin/busybox", mode: PROGRAM, data: await readFile("/bin/busybox") },
    ...MODULES.map((name) => ({ path: `lib/${name}.ko`, mode: FILE, data: modules.get(name)! })),
    { path: "init", mode: PROGRAM, data: Buffer.from(writeInit(script)) },
    { path: "lease", mode: PROGRAM, data: Buffer.from(LEASE) },
  ];
  const initrd = path.join(folder, "guest.cpio.gz");
  await writeFile(initrd, gzipSync(writeCpio(entries), { level: 1 }));
  return { kernel: path.join(INSTALLER, "linux"), initrd };
}

function folderEntry(name: string): CpioEntry {
  return { path: name, mode: FOLDER, data: Buffer.alloc(0) };
}

/** What BusyBox's DHCP client calls with what it got. */
const LEASE = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
echo "nameserver $dns" > /etc/resolv.conf
echo "LEASE $ip $router $dns"
`;

function writeInit(script: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
for module in ${MODULES.join(" ")}; do insmod /lib/$module.ko; done
ip link set lo up; ip link set eth0 up
udhcpc -q -n -i eth0 -s /lease >/dev/null 2>&1 || echo NO-LEASE
# An address of IPv6 too, which takes a moment to be taken into use.
for try in 1 2 3 4 5 6; do
  ip -6 addr show dev eth0 | grep -v fe80 | grep inet6 | grep -qv tentative && break
  sleep 1
done
ip addr show dev eth0 | grep inet
${script}
echo GUEST-DONE
poweroff -f
`;
}
