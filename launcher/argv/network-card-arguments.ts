import { jsonArgument } from "../model/argument-syntax.ts";

/** A network card at the backend `net0` that `netdev` makes; none where it is empty. */
export function networkCardArguments(netdev: readonly string[]): string[] {
  if (netdev.length === 0) return [];
  return [...netdev, "-device", jsonArgument({ driver: "virtio-net-pci", netdev: "net0" })];
}
