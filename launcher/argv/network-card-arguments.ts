import type { NetworkCard } from "../../protocol/index.ts";
import { jsonArgument } from "../model/argument-syntax.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

const DRIVERS: Readonly<Record<NetworkCard, string>> = {
  virtio: "virtio-net-pci",
  e1000: "e1000",
  e1000e: "e1000e",
  rtl8139: "rtl8139",
};

/** A network card at the backend `net0` that `netdev` makes; none where it is empty. */
export function networkCardArguments(
  { hardware, mac }: Pick<MachineSpec, "hardware" | "mac">,
  netdev: readonly string[],
): string[] {
  if (netdev.length === 0) return [];
  const card = { driver: DRIVERS[hardware.card], netdev: "net0", ...(mac === undefined ? {} : { mac }) };
  return [...netdev, "-device", jsonArgument(card)];
}
