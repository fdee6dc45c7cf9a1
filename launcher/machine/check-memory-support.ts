import { RequestError } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/**
 * Whether QEMU can save a running machine's whole state. It cannot restore a GPU, a folder of the host or an
 * NVMe disk, and would fail late.
 * @throws RequestError `MEMORY_GPU`, `MEMORY_SHARES`, `MEMORY_NVME`
 */
export function checkMemorySupport({
  gpu,
  shares,
  hardware,
}: Pick<MachineSpec, "gpu" | "shares" | "hardware">): void {
  if (gpu !== "none")
    throw refuse("MEMORY_GPU", "The machine has a GPU of its host, whose state cannot be kept on disk.");
  if (shares.length > 0)
    throw refuse(
      "MEMORY_SHARES",
      "The machine shares a folder of its host, whose state cannot be kept on disk.",
    );
  // QEMU declares its NVMe controller unmigratable.
  if (hardware.disk === "nvme")
    throw refuse("MEMORY_NVME", "The machine has NVMe disks, whose state cannot be kept on disk.");
}

function refuse(code: string, what: string): RequestError {
  const text = `${what} Stop the machine first: its disk alone can have snapshots then.`;
  return RequestError.public(code, text);
}
