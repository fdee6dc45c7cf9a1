import { open } from "node:fs/promises";
import path from "node:path";
import { vi } from "vitest";

/** Every write to a file handle fails from now on; the returned function ends that. */
export async function fillAuditDisk(dataDir: string): Promise<() => void> {
  const handle = await open(path.join(dataDir, "audit/audit.jsonl"));
  const prototype = Object.getPrototypeOf(handle) as { write: () => Promise<unknown> };
  await handle.close();
  const write = vi.spyOn(prototype, "write").mockRejectedValue(new Error("ENOSPC"));
  return () => {
    write.mockRestore();
  };
}
