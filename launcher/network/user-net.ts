import type { NetworkKind } from "../../protocol/index.ts";
import { INNER, OUTER } from "./addresses.ts";
import type { NetworkException, PortForward } from "./policy.ts";
import { overlap, parseRange } from "./ranges.ts";

/**
 * QEMU's user network: it gives the guest an address by DHCP and makes connections of its own of what the guest sends.
 * @param open whether there is a filtered way out; without one the guest gets an address and nothing beyond
 */
export function userNetArguments(
  network: Exclude<NetworkKind, "none">,
  open: boolean,
  exceptions: readonly NetworkException[],
  forwards: readonly PortForward[],
): string[] {
  if (network !== "internet" || !open) return netdev({ restrict: true });
  // One port at several addresses of the host is one port in here.
  const ports = [...new Set(forwards.map(innerForward))].map((str) => ({ str }));
  const net = chooseInner(exceptions);
  return netdev(ports.length === 0 ? { net } : { net, hostfwd: ports });
}

function netdev(options: Readonly<Record<string, unknown>>): string[] {
  return ["-netdev", JSON.stringify({ type: "user", id: "net0", ...options })];
}

/** The guest's own network must not hide one that the administrator opened to it. */
function chooseInner(exceptions: readonly NetworkException[]): string {
  const free = INNER.find((text) => {
    const inner = parseRange(text);
    return inner !== null && !exceptions.some(({ range }) => overlap(range, inner));
  });
  return free ?? INNER[0];
}

/** From the namespace's end of the way out on to the guest. */
function innerForward({ protocol, hostPort, guestPort }: PortForward): string {
  return `${protocol}:${OUTER.self}:${hostPort}-:${guestPort}`;
}
