import type { ChainPosition } from "./audit-chain.ts";

/** Lines that belong together: a sink has all of them, or none. */
export interface AuditBatch {
  /** With their newlines, as docs/auditor.md describes them. */
  readonly lines: readonly string[];
  /** The last line before them. */
  readonly after: ChainPosition;
  readonly last: ChainPosition;
}

/** A destination of the audit log. */
export interface AuditSink {
  /** Settles when the sink has the batch; rejects when it has nothing of it. */
  write(batch: AuditBatch): Promise<void>;
  /** Called after those who waited for the lines have been told: for work that need not delay them. Never rejects. */
  confirm?(batch: AuditBatch): Promise<void>;
  close(): Promise<void>;
}
