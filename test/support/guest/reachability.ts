import { startProcess } from "../test-process.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import type { LinuxGuest } from "./linux-guest.ts";

/** An address and a port that a guest tries by TCP and UDP, under a name. */
export type ReachabilityTargets = Readonly<Record<string, readonly [address: string, port: number]>>;

/** What a guest's script does to try them all at once; each that answers becomes a line. */
export function writeReachabilityScript(attempts: ReachabilityTargets): string {
  const lines = Object.entries(attempts).flatMap(([name, [address, port]]) => {
    const server = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    return [
      `(nc -w 5 ${address} ${port} </dev/null 2>&1 | grep -qE 'REACHED|RFB' && echo TCP ${name}) &`,
      `(timeout 8 nslookup -type=a example.org ${server} 2>&1 | grep -q 9.9.9.9 && echo UDP ${name}) &`,
    ];
  });
  return [
    ...lines,
    "(timeout 8 nslookup -type=a example.org 2>&1 | grep -q 9.9.9.9 && echo DNS resolver) &",
    "wait",
  ].join("\n");
}

/** What a guest reached: `TCP name`, `UDP name`, `DNS resolver`, sorted. */
export async function runReachabilityGuest(
  cleanup: CleanupStack,
  guest: LinuxGuest,
  netdev: readonly string[],
  start: (command: { program: string; args: readonly string[] }) => {
    readonly program: string;
    readonly args: readonly string[];
  },
): Promise<string[]> {
  const { program, args } = start({
    program: "/usr/bin/qemu-system-x86_64",
    args: guestArguments(guest, netdev),
  });
  const qemu = startProcess(cleanup, program, args);
  await qemu.waitForOutput(/GUEST-DONE/, 160_000);
  await qemu.waitForExit();
  return [...qemu.output.matchAll(/^((?:TCP|UDP|DNS) \w+)\r?$/gm)].map(([, line = ""]) => line).sort();
}

/** QEMU as plain as can be, with a card on `net0` and the guest's voice on its standard output. */
function guestArguments(guest: LinuxGuest, netdev: readonly string[]): string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "192M"],
    ...["-display", "none", "-serial", "stdio", "-kernel", guest.kernel, "-initrd", guest.initrd],
    ...["-append", "console=ttyS0 quiet panic=-1", "-no-reboot"],
    ...[...netdev, "-device", "virtio-net-pci,netdev=net0"],
  ];
}
