import { jsonArgument } from "./values.ts";

/** A network card at the backend that `netdev` describes; its id is given here. */
export function networkArguments(netdev: Readonly<Record<string, unknown>>): string[] {
  return [
    ...["-netdev", jsonArgument({ ...netdev, id: "net0" })],
    ...["-device", jsonArgument({ driver: "virtio-net-pci", netdev: "net0" })],
  ];
}

/** A network that gives an address and reaches neither the host nor anything beyond it. */
export const CLOSED_NETWORK = { type: "user", restrict: true } as const;
