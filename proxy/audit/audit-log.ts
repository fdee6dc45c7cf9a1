import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import { findResumePoint, type ResumePoint } from "./resume-point.ts";
import type { ChainPosition } from "./chain-position.ts";
import { isAuditAction } from "./audit-actions.ts";
import { auditFolder } from "./audit-files.ts";
import { AuditHeadFile, readAuditHead } from "./audit-head.ts";
import { Journal } from "./journal.ts";
import { AuditKeys, loadAuditKey, type AuditKey } from "./audit-key.ts";
import { RepeatSuppressor } from "./repeat-suppressor.ts";
import { AuditLineEncoder, type TimedEntry } from "./audit-line-encoder.ts";

interface Pending extends TimedEntry {
  /** Somebody waits for this line: it is not tried again. */
  readonly settle?: (error?: unknown) => void;
}

export interface AuditOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxFileBytes?: number;
}

interface AuditLogDependencies {
  readonly folder: string;
  readonly key: AuditKey;
  readonly journal: Journal;
  readonly head: AuditHeadFile;
}

const CHECKPOINT: AuditEntry = { action: "audit.checkpoint", outcome: "success" };

/**
 * The audit log, `audit/audit.jsonl` in the data folder, mode 0600. Each line carries the hash of the line
 * before it, checkpoints sign the chain, and a signed head beside the log says how far it goes. Lines that
 * come while one batch is being written make up the next; each batch is on the disk before anybody hears of it.
 */
export class AuditLog {
  readonly folder: string;
  /** PEM. */
  readonly publicKey: string;
  readonly #journal: Journal;
  readonly #head: AuditHeadFile;
  readonly #encoder: AuditLineEncoder;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #repeatSuppressor: RepeatSuppressor;
  #last: ChainPosition;
  /** Lines behind the last checkpoint. */
  #unsigned: number;
  #pending: Pending[] = [];
  #writing: Promise<void> | null = null;
  #cancelRetry: () => void = () => undefined;
  #cancelCheckpoint: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  private constructor(
    dependencies: AuditLogDependencies,
    { after, repairs, unsigned }: ResumePoint,
    options: AuditOptions,
  ) {
    this.folder = dependencies.folder;
    this.publicKey = dependencies.key.publicKey;
    this.#journal = dependencies.journal;
    this.#head = dependencies.head;
    this.#encoder = new AuditLineEncoder(options.serverId, dependencies.key);
    this.#last = after;
    this.#unsigned = unsigned ? PROXY_LIMITS.auditCheckpointLines : 0;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#repeatSuppressor = new RepeatSuppressor(options.clock, (entry) => {
      this.#enqueue(entry);
    });
    for (const repair of repairs) {
      this.#log.warn(
        { event: "audit.repair", reason: repair.reason },
        "the audit log did not end as expected",
      );
      this.append(repair);
    }
  }

  /**
   * Opens the log and goes on after its last whole line. The caller closes.
   * @throws ConfigError `AUDIT_KEY`
   */
  static async open(options: AuditOptions): Promise<AuditLog> {
    const { serverId, maxFileBytes = PROXY_LIMITS.auditFileBytes } = options;
    const folder = auditFolder(options.dataDir);
    const { journal, tail } = await Journal.open(folder, maxFileBytes);
    try {
      const key = await loadAuditKey(folder);
      const found = await readAuditHead(folder, serverId, new AuditKeys(key.publicKey));
      if (tail.torn > 0) await journal.truncate();
      const head = new AuditHeadFile(folder, serverId, key);
      return new AuditLog({ folder, key, journal, head }, findResumePoint(tail, found), options);
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Writes in a moment, and tries again while the disk is full. */
  append(entry: AuditEntry): void {
    if (!isAuditAction(entry.action)) {
      this.#log.error({ event: "audit.code", action: entry.action }, "an audit action that is not listed");
    }
    if (this.#repeatSuppressor.allows(entry)) this.#enqueue(entry);
  }

  #enqueue(entry: AuditEntry): void {
    this.#pending.push({ at: this.#clock.now(), entry });
    if (this.#pending.length > PROXY_LIMITS.auditBacklogLines) {
      this.#pending.shift()?.settle?.(new Error("the audit log is too far behind"));
      this.#log.error({ event: "audit.lost" }, "an audit line was lost");
    }
    this.#start();
  }

  /** Settles when the line is on the disk; rejects when it cannot be written, and then it never is. */
  appendDurably(entry: AuditEntry): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("the audit log is closed"));
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        if (error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error("the audit log cannot be written"));
      };
      this.#pending.push({ at: this.#clock.now(), entry, settle });
      this.#start();
    });
  }

  /** Writes what is left, and a last checkpoint. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  #start(): void {
    if (this.#writing || this.#closed || this.#pending.length === 0) return;
    this.#cancelRetry();
    this.#writing = this.#drain();
  }

  /** Nothing is awaited between the last look at what is pending and the end: no line can slip in unseen. */
  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#write(batch);
      } catch (error) {
        this.#log.error({ event: "audit.unwritable", err: error }, "the audit log cannot be written");
        const unwritten = [...batch, ...this.#pending];
        for (const { settle } of unwritten) settle?.(error);
        this.#pending = unwritten.filter(({ settle }) => settle === undefined);
        this.#cancelRetry = this.#clock.after(PROXY_LIMITS.auditRetryMs, () => {
          this.#start();
        });
        break;
      }
    }
    this.#writing = null;
  }

  /** All lines of a batch, or none. */
  async #write(batch: readonly Pending[]): Promise<void> {
    const done = this.#last;
    let last = done;
    let unsigned = this.#unsigned;
    const texts: string[] = [];
    const add = (timed: TimedEntry): void => {
      const { text, position } = this.#encoder.encode(last, timed);
      texts.push(text);
      last = position;
      unsigned = timed.entry.action === CHECKPOINT.action ? 0 : unsigned + 1;
    };
    for (const timed of batch) {
      if (unsigned >= PROXY_LIMITS.auditCheckpointLines) add({ at: timed.at, entry: CHECKPOINT });
      add(timed);
    }
    await this.#head.write({ done, next: last });
    await this.#journal.append(Buffer.from(texts.join(""), "utf8"), done.sequence + 1);
    this.#last = last;
    this.#unsigned = unsigned;
    // The lines are on the disk: whoever waits for them need not wait for the head too.
    for (const { settle } of batch) settle?.();
    await this.#head.write({ done: last, next: last }).catch((error: unknown) => {
      this.#log.error({ event: "audit.head", err: error }, "the audit log's head could not be written");
    });
    this.#scheduleCheckpoint();
  }

  #scheduleCheckpoint(): void {
    if (this.#unsigned === 0) {
      this.#cancelCheckpoint?.();
      this.#cancelCheckpoint = null;
    } else
      this.#cancelCheckpoint ??= this.#clock.after(PROXY_LIMITS.auditCheckpointMs, () => {
        this.#cancelCheckpoint = null;
        this.append(CHECKPOINT);
      });
  }

  async #finish(): Promise<void> {
    this.#cancelRetry();
    this.#repeatSuppressor.flush();
    await this.#writing;
    await this.#drain();
    this.#cancelCheckpoint?.();
    if (this.#unsigned > 0) this.#pending.push({ at: this.#clock.now(), entry: CHECKPOINT });
    await this.#drain();
    this.#cancelRetry();
    this.#cancelCheckpoint?.();
    await this.#journal.close();
    await this.#head.close();
  }
}
