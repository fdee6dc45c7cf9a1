import { isPosternError } from "../../../protocol/index.ts";
import type { AuditEntry, Proxy } from "../../../proxy/index.ts";

type AuditWriter = Pick<Proxy, "audit" | "auditDurably">;

/**
 * Does something that gives a right, or shows a secret: its line is on the disk before. Where it fails after all, a second line
 * says so.
 * @throws RequestError `AUDIT_UNAVAILABLE`, and then nothing was done
 */
export async function auditAhead<T>(
  proxy: AuditWriter,
  entry: AuditEntry,
  act: () => T | Promise<T>,
): Promise<T> {
  await proxy.auditDurably(entry);
  try {
    return await act();
  } catch (error) {
    const reason = isPosternError(error) ? error.code : "INTERNAL";
    proxy.audit({ ...entry, outcome: "failure", reason });
    throw error;
  }
}

/**
 * Waits for the audit line of a right that was made just now, which gave it its id. The right has not been handed out yet.
 * @param undo takes it back
 * @throws RequestError `AUDIT_UNAVAILABLE`, and then it is taken back
 */
export async function auditOrUndo(
  proxy: AuditWriter,
  entry: AuditEntry,
  undo: () => Promise<unknown>,
): Promise<void> {
  try {
    await proxy.auditDurably(entry);
  } catch (error) {
    await undo().catch(() => undefined);
    throw error;
  }
}
