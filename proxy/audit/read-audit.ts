import type { AuditReader } from "../model/proxy-types.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import type { AuditLog } from "./audit-log.ts";
import { queryAudit, type AuditEvent, type AuditQuery } from "./query-audit.ts";

/**
 * Reads a server's audit log; that somebody reads it is written down before.
 * @throws Refusal `AUDIT_UNAVAILABLE`
 */
export async function readAudit(
  audit: AuditLog,
  dataDir: string,
  query: AuditQuery,
  reader: AuditReader,
): Promise<AuditEvent[]> {
  await audit
    .appendDurably({ action: "audit.read", outcome: "success", ...reader })
    .catch((cause: unknown) => {
      throw new ViewerRefusal("AUDIT_UNAVAILABLE", { cause });
    });
  return queryAudit(dataDir, query);
}
