import { RequestError } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/**
 * Whether QEMU can save a running machine's whole state. It cannot restore a GPU or a folder of the host, and would
 * fail late.
 * @throws RequestError `MEMORY_GPU`, `MEMORY_SHARES`
 */
export function checkMemorySupport({ gpu, shares }: Pick<MachineSpec, "gpu" | "shares">): void {
  if (gpu !== "none")
    throw refuse("MEMORY_GPU", "The machine has a GPU of its host, whose state cannot be kept on disk.");
  if (shares.length > 0)
    throw refuse(
      "MEMORY_SHARES",
      "The machine shares a folder of its host, whose state cannot be kept on disk.",
    );
}

function refuse(code: string, what: string): RequestError {
  const text = `${what} Stop the machine first: its disk alone can have snapshots then.`;
  return RequestError.public(code, text);
}
