import type { MachineSpec } from "../spec/machine-spec.ts";
import { jsonArgument } from "./values.ts";

/** `isolated` is a card that gets an address and reaches neither the host nor anything beyond it. */
export function networkArguments(network: MachineSpec["network"]): string[] {
  if (network === "none") return [];
  return [
    ...["-netdev", jsonArgument({ type: "user", id: "net0", restrict: true })],
    ...["-device", jsonArgument({ driver: "virtio-net-pci", netdev: "net0" })],
  ];
}
