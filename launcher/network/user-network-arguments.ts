import type { NetworkKind } from "../../protocol/index.ts";
import { GUEST_NETWORKS, SLIRP_NETWORK } from "./network-addresses.ts";
import type { NetworkException, PortForward } from "./network-policy.ts";
import { rangesOverlap, parseRange } from "../model/ip-ranges.ts";

/**
 * QEMU's user network: it serves DHCP to the guest and opens a connection of its own for each of the guest's.
 * @param open whether filtered access exists; without it the guest gets an address and nothing more
 */
export function userNetworkArguments(
  network: Exclude<NetworkKind, "none">,
  open: boolean,
  exceptions: readonly NetworkException[],
  forwards: readonly PortForward[],
): string[] {
  if (network !== "internet" || !open) return netdev({ restrict: true });
  // The same port at several host addresses is one port here.
  const ports = [...new Set(forwards.map(guestForward))].map((str) => ({ str }));
  const net = chooseGuestNetwork(exceptions);
  return netdev(ports.length === 0 ? { net } : { net, hostfwd: ports });
}

function netdev(options: Readonly<Record<string, unknown>>): string[] {
  return ["-netdev", JSON.stringify({ type: "user", id: "net0", ...options })];
}

/** The guest's own network must not hide one that the administrator opened to it. */
function chooseGuestNetwork(exceptions: readonly NetworkException[]): string {
  const free = GUEST_NETWORKS.find((text) => {
    const inner = parseRange(text);
    return inner !== null && !exceptions.some(({ range }) => rangesOverlap(range, inner));
  });
  return free ?? GUEST_NETWORKS[0];
}

/** From the namespace's address to the guest. */
function guestForward({ protocol, hostPort, guestPort }: PortForward): string {
  return `${protocol}:${SLIRP_NETWORK.self}:${hostPort}-:${guestPort}`;
}
