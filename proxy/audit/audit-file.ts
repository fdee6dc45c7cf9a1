import type { Logger } from "pino";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { AuditHeadFile, readAuditHead } from "./audit-head.ts";
import { AuditKeys, loadAuditKey, type AuditKey } from "./audit-key.ts";
import type { AuditBatch, AuditSink } from "./audit-sink.ts";
import { auditFolder, findResumePoint, Journal, type ResumePoint } from "./journal.ts";

interface AuditFileOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly log: Logger;
  readonly maxFileBytes?: number;
}

interface AuditFileDependencies {
  readonly folder: string;
  readonly key: AuditKey;
  readonly journal: Journal;
  readonly head: AuditHeadFile;
  readonly resumePoint: ResumePoint;
  readonly log: Logger;
}

/** The log's files in the data folder, and the signed head beside them, which says how far they go. */
export class AuditFile implements AuditSink {
  readonly folder: string;
  readonly key: AuditKey;
  /** Where the log continues after an earlier run. */
  readonly resumePoint: ResumePoint;
  readonly #journal: Journal;
  readonly #head: AuditHeadFile;
  readonly #log: Logger;

  private constructor({ folder, key, journal, head, resumePoint, log }: AuditFileDependencies) {
    this.folder = folder;
    this.key = key;
    this.resumePoint = resumePoint;
    this.#journal = journal;
    this.#head = head;
    this.#log = log;
  }

  /** The caller closes. @throws ConfigError `AUDIT_KEY` */
  static async open(options: AuditFileOptions): Promise<AuditFile> {
    const { serverId, log, maxFileBytes = PROXY_LIMITS.auditFileBytes } = options;
    const folder = auditFolder(options.dataDir);
    const { journal, tail } = await Journal.open(folder, maxFileBytes);
    try {
      const key = await loadAuditKey(folder);
      const found = await readAuditHead(folder, serverId, new AuditKeys(key.publicKey));
      if (tail.torn > 0) await journal.truncate();
      const head = new AuditHeadFile(folder, serverId, key);
      return new AuditFile({ folder, key, journal, head, resumePoint: findResumePoint(tail, found), log });
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  async write({ lines, after, last }: AuditBatch): Promise<void> {
    await this.#head.write({ done: after, next: last });
    await this.#journal.append(Buffer.from(lines.join(""), "utf8"), after.sequence + 1);
  }

  async confirm({ last }: AuditBatch): Promise<void> {
    await this.#head.write({ done: last, next: last }).catch((error: unknown) => {
      this.#log.error({ event: "audit.head", err: error }, "the audit log's head could not be written");
    });
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#head.close();
  }
}
