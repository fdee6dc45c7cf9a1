import { createHash } from "node:crypto";

/**
 * The address of a machine's network card: the same for the machine's whole life, another one for each machine. QEMU's
 * prefix, whose second bit says that no manufacturer gave it.
 */
export function makeMacAddress(machineId: string): string {
  const digest = createHash("sha256").update(`mac ${machineId}`).digest();
  return ["52", "54", ...digest.subarray(0, 4).toString("hex").matchAll(/../g)].join(":");
}
