import { describe, expect, it } from "vitest";
import { judgeHostFacts, type DoctorFacts } from "../../../../launcher/doctor/judge-host-facts.ts";
import { listListeningInodes } from "../../../../launcher/doctor/port.ts";
import { parseDevices } from "../../../../launcher/doctor/programs.ts";
import type { Finding } from "../../../../launcher/model/finding.ts";
import { NO_GPUS } from "../../../../launcher/gpu/gpu-policy.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const DAY = 86_400_000;
const GIB = 1024 ** 3;
const DEVICES = [
  ...["VGA", "virtio-vga", "virtio-blk-pci", "virtio-net-pci", "qemu-xhci", "usb-tablet", "ide-cd"],
  ...["qxl-vga", "vmware-svga", "cirrus-vga", "pcie-root-port", "vfio-pci", "virtio-9p-pci"],
];

/** A host that lacks nothing. */
const FINE: DoctorFacts = {
  node: { version: "v26.10.0", isBundled: false },
  accel: {
    device: "open",
    result: { accel: "kvm", why: "KVM ran a guest at full speed" },
    kvmMs: 4,
    tcgMs: 120,
  },
  qemu: { version: "7.2.22", devices: DEVICES, img: true },
  tools: { virtiofsd: true, virtCustomize: true, appliance: { kind: "works" }, swtpm: true, uefi: true },
  account: { runAs: { kind: "self" }, why: null, closed: null },
  capacity: {
    memoryBytes: 32 * GIB,
    memoryFreeBytes: 20 * GIB,
    processors: 8,
    folder: "/var/lib/vms",
    diskFreeBytes: 200 * GIB,
  },
  gpu: {
    policy: NO_GPUS,
    inventory: { devices: [], gpus: [], mdevs: [], iommuGroups: 0, nameOf: () => "" },
    ...{ processor: "amd", commandLine: "", vfioPci: false, vfioOurs: null },
    ...{ memlockBytes: null, memoryBytes: 32 * GIB, privileged: false },
  },
  network: { kind: "namespace" },
  ports: [{ address: "127.0.0.1:8443", state: "free", by: null, ours: false, asked: false }],
  certificate: {
    address: "127.0.0.1:8443",
    shown: { subject: "desk.example.org", notBefore: NOW - DAY, notAfter: NOW + 300 * DAY },
  },
  clock: { now: NOW, synchronized: true },
  sockets: [{ path: "/run/postern/0123456789ab/0123456789ab.vnc", remedy: "shorter" }],
};

type Change = { readonly [K in keyof DoctorFacts]?: DoctorFacts[K] };

function judge(change: Change): Finding[] {
  return judgeHostFacts({ ...FINE, ...change });
}

it("finds nothing to mend on a host that lacks nothing, and says every thing", () => {
  const findings = judge({});
  expect(findings.filter(({ state }) => state !== "ok")).toEqual([]);
  expect(findings.map(({ code }) => code)).toEqual([
    ...["node", "qemu", "qemu-img", "qemu-devices", "kvm", "account", "memory", "disk", "network"],
    ...["shares-9p", "shares-virtiofs", "libguestfs", "tpm", "uefi", "gpu"],
    ...["port", "certificate", "clock", "socket-path"],
  ]);
  expect(findings.find(({ code }) => code === "kvm")!.text).toBe(
    "KVM works. It counts 30 times as fast as emulation (4.0 ms against 120.0 ms).",
  );
});

const port = FINE.ports[0]!;
const { accel, qemu, tools, capacity: room } = FINE;

describe.each<[string, Change, string, Finding["state"], RegExp, RegExp]>([
  [
    "an old Node.js",
    { node: { version: "v24.14.1", isBundled: false } },
    "node",
    "missing",
    /too old/,
    /24\.15/,
  ],
  ["no QEMU", { qemu: { ...qemu, version: null } }, "qemu", "missing", /no QEMU/, /^apt install qemu/],
  [
    "an old QEMU",
    { qemu: { ...qemu, version: "5.2.0" } },
    "qemu",
    "missing",
    /5\.2\.0 is too old/,
    /Debian 12/,
  ],
  ["no qemu-img", { qemu: { ...qemu, img: false } }, "qemu-img", "missing", /disks/, /apt install/],
  [
    "a QEMU without virtio",
    { qemu: { ...qemu, devices: DEVICES.filter((name) => !/^virtio-(?!9p)/.test(name)) } },
    ...(["qemu-devices", "missing", /virtio-vga, virtio-blk-pci, virtio-net-pci/, /apt install/] as const),
  ],
  [
    "a QEMU without QXL",
    { qemu: { ...qemu, devices: DEVICES.filter((name) => name !== "qxl-vga") } },
    ...(["qemu-devices", "advice", /qxl-vga/, /apt install/] as const),
  ],
  [
    "no KVM",
    { accel: { device: "absent", result: null, kvmMs: null, tcgMs: null } },
    ...(["kvm", "advice", /missing/, /modprobe kvm_intel/] as const),
  ],
  [
    "a closed KVM",
    { accel: { device: "closed", result: null, kvmMs: null, tcgMs: null } },
    ...(["kvm", "missing", /closed/, /usermod -aG kvm/] as const),
  ],
  [
    "a crawling KVM",
    { accel: { ...accel, result: { accel: "tcg", why: "KVM is slow" }, kvmMs: 2400, tcgMs: 120 } },
    ...(["kvm", "advice", /KVM is slow\. It counts 20 times slower than emulation/, /nested/] as const),
  ],
  [
    "little memory",
    { capacity: { ...room, memoryFreeBytes: GIB } },
    "memory",
    "advice",
    /1\.0 of 32\.0/,
    /2 GiB/,
  ],
  ["no memory", { capacity: { ...room, memoryFreeBytes: 1 } }, "memory", "missing", /0\.0 of/, /add memory/],
  [
    "little disk",
    { capacity: { ...room, diskFreeBytes: 5 * GIB } },
    "disk",
    "advice",
    /5\.0 GiB.*vms/,
    /--state/,
  ],
  ["a full disk", { capacity: { ...room, diskFreeBytes: 1 } }, "disk", "missing", /0\.0 GiB/, /--state/],
  [
    "no 9p",
    { qemu: { ...qemu, devices: DEVICES.slice(0, -1) } },
    "shares-9p",
    "advice",
    /cannot share/,
    /apt/,
  ],
  ["no virtiofsd", { tools: { ...tools, virtiofsd: false } }, "shares-virtiofs", "advice", /9p only/, /apt/],
  [
    "no libguestfs",
    { tools: { ...tools, virtCustomize: false } },
    "libguestfs",
    "advice",
    /cloud-init/,
    /guestfs/,
  ],
  [
    "closed kernels",
    {
      tools: {
        ...tools,
        appliance: {
          kind: "failed",
          words: "cp: cannot open '/boot/vmlinuz-6.1' for reading: Permission denied",
        },
      },
    },
    ...(["libguestfs", "missing", /cannot change disks here: cp: /, /0644/] as const),
  ],
  [
    "an appliance that root may not unpack",
    {
      tools: {
        ...tools,
        appliance: {
          kind: "failed",
          words: "tar: x: Cannot change ownership to uid 2952: Operation not permitted",
        },
      },
    },
    ...(["libguestfs", "missing", /tar: x/, /useradd .* postern-vm/] as const),
  ],
  [
    "an appliance that does not come",
    { tools: { ...tools, appliance: { kind: "slow" } } },
    ...(["libguestfs", "advice", /three minutes/, /cloud-init/] as const),
  ],
  [
    "no account for machines",
    { account: { runAs: null, why: "There is no account.", closed: null } },
    ...(["account", "missing", /no account/, /useradd/] as const),
  ],
  [
    "machines as root",
    { account: { runAs: { kind: "root", why: "" }, why: null, closed: null } },
    ...(["account", "advice", /run as root/, /--vm-user/] as const),
  ],
  [
    "an account that cannot come to its folder",
    {
      account: {
        runAs: { kind: "account", account: { name: "vms", uid: 9, gid: 9, groups: [] } },
        ...{ why: null, closed: "/root" },
      },
    },
    ...(["account", "missing", /vms, cannot pass through \/root/, /chmod o\+x \/root/] as const),
  ],
  ["no swtpm", { tools: { ...tools, swtpm: false } }, "tpm", "advice", /no machine can/, /swtpm/],
  ["no OVMF", { tools: { ...tools, uefi: false } }, "uefi", "advice", /BIOS only/, /ovmf/],
  [
    "no filter",
    { network: { kind: "restricted", obstacles: [{ what: "No nft.", remedy: "apt install nftables" }] } },
    ...(["network", "advice", /^No nft\. Machines get an address and reach nothing/, /nftables/] as const),
  ],
  [
    "a taken port",
    { ports: [{ ...port, state: "busy", by: "nginx (process 7)" }] },
    ...(["port", "advice", /8443 is taken by nginx \(process 7\)/, /another port/] as const),
  ],
  [
    "a taken port that was asked for",
    { ports: [{ ...port, state: "busy", asked: true }] },
    ...(["port", "missing", /8443 is taken\.$/, /another port/] as const),
  ],
  [
    "a port for root",
    { ports: [{ ...port, address: "0.0.0.0:443", state: "forbidden", asked: true }] },
    ...(["port", "missing", /443 is closed/, /1023/] as const),
  ],
  [
    "somebody else's address",
    { ports: [{ ...port, address: "192.0.2.1:8443", state: "no-address", asked: true }] },
    ...(["port", "missing", /no address of this machine/, /ip address/] as const),
  ],
  [
    "no server",
    { certificate: { address: "127.0.0.1:8443", shown: null } },
    ...(["certificate", "advice", /No server shows a certificate/, /postern server/] as const),
  ],
  [
    "an expired certificate",
    { certificate: { address: "a:1", shown: { subject: "x", notBefore: 0, notAfter: NOW - DAY } } },
    ...(["certificate", "missing", /\(x\) expired on 2026-05-31/, /Renew/] as const),
  ],
  [
    "a certificate that ends soon",
    { certificate: { address: "a:1", shown: { subject: "x", notBefore: 0, notAfter: NOW + 13 * DAY } } },
    ...(["certificate", "advice", /expires on 2026-06-14/, /Renew/] as const),
  ],
  [
    "a certificate of tomorrow",
    {
      certificate: { address: "a:1", shown: { subject: "x", notBefore: NOW + DAY, notAfter: NOW + 2 * DAY } },
    },
    ...(["certificate", "missing", /not valid yet/, /clock/] as const),
  ],
  [
    "a clock of 1970",
    { clock: { now: 0, synchronized: true }, certificate: null },
    "clock",
    "missing",
    /1970/,
    /set-ntp/,
  ],
  [
    "a free clock",
    { clock: { now: NOW, synchronized: false } },
    "clock",
    "advice",
    /nothing keeps/,
    /chrony/,
  ],
  [
    "an unknown clock",
    { clock: { now: NOW, synchronized: null } },
    "clock",
    "advice",
    /does not say/,
    /container/,
  ],
  [
    "a long path",
    { sockets: [{ path: `/${"a".repeat(107)}`, remedy: "Choose a shorter one." }] },
    ...(["socket-path", "missing", /has 108 bytes/, /^Choose a shorter one\.$/] as const),
  ],
])("%s", (_case, change, code, state, text, remedy) => {
  it("is found, with what helps, and nothing else is", () => {
    const wrong = judge(change).filter((finding) => finding.state !== "ok");
    expect(wrong.map((finding) => [finding.code, finding.state])).toEqual([[code, state]]);
    expect(wrong[0]!.text).toMatch(text);
    expect(wrong[0]!.remedy).toMatch(remedy);
  });
});

it("lets a path of 107 bytes pass, and the server's own port", () => {
  const findings = judge({
    sockets: [{ path: `/${"a".repeat(106)}`, remedy: "" }],
    ports: [{ ...port, state: "busy", by: "node (process 5)", ours: true, asked: true }],
  });
  expect(findings.filter(({ state }) => state !== "ok")).toEqual([]);
});

it("reads QEMU's list of devices", () => {
  const help =
    'Display devices:\nname "VGA", bus PCI\nname "qxl-vga", bus PCI, desc "Spice QXL GPU"\n\nnamed "x"\n';
  expect(parseDevices(help)).toEqual(["VGA", "qxl-vga"]);
});

it("finds who listens in the kernel's table, and not who is connected", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0",
    "   1: 0100007F:20FB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0",
    "   2: 0100007F:170C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0",
  ].join("\n");
  expect(listListeningInodes(table, 8443)).toEqual(["4711"]);
  expect(listListeningInodes(table, 22)).toEqual([]);
});
