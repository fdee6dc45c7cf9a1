import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import type { AuditFile } from "./audit-file.ts";
import type { AuditSink } from "./audit-sink.ts";

interface AuditSinkContext {
  /** The log in the data folder, opened. */
  readonly file: AuditFile;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export type CreateAuditSink = (context: AuditSinkContext) => AuditSink;

/**
 * Where the audit log goes. A new sink is a file and a row here.
 *
 * The first one decides: lines are written once it has them, and what it rejects is tried again or refused. The others get
 * each batch after that. They are not waited for, so that they cannot delay a session: each keeps the order itself.
 */
export const AUDIT_SINKS: readonly [CreateAuditSink, ...CreateAuditSink[]] = [({ file }) => file];
