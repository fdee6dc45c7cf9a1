import { statfs } from "node:fs/promises";
import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import { AuditFile } from "./audit-file.ts";
import { AuditLineEncoder, type ChainPosition, type TimedEntry } from "./audit-chain.ts";
import type { AuditBatch, AuditSink } from "./audit-sink.ts";
import { AUDIT_SINKS } from "./audit-sinks.ts";
import { RepeatSuppressor } from "./repeat-suppressor.ts";

interface Pending extends TimedEntry {
  /** Present: the caller waits for this line, and it is not tried again. */
  readonly settle?: (error?: unknown) => void;
}

export interface AuditOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxFileBytes?: number;
  /** Bytes that the disk of this folder has free. Default: what the system says. */
  readonly readFreeBytes?: (folder: string) => Promise<number>;
  /** Default: {@link AUDIT_SINKS}. */
  readonly sinks?: typeof AUDIT_SINKS;
}

const CHECKPOINT: AuditEntry = { action: "audit.checkpoint", outcome: "success" };

/**
 * The audit log, `audit/audit.jsonl` in the data folder, mode 0600. Each line carries the hash of the line
 * before it, checkpoints sign the chain, and a signed head beside the log says how far it goes. Lines that
 * arrive while one batch is being written form the next. A batch is on the disk before its callers are told.
 */
export class AuditLog {
  readonly folder: string;
  /** PEM. */
  readonly publicKey: string;
  readonly #sink: AuditSink;
  readonly #otherSinks: readonly AuditSink[];
  readonly #encoder: AuditLineEncoder;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #repeatSuppressor: RepeatSuppressor;
  readonly #readFreeBytes: (folder: string) => Promise<number>;
  #lookedAt = -Infinity;
  #last: ChainPosition;
  /** Lines after the last checkpoint. */
  #unsigned: number;
  #pending: Pending[] = [];
  #writing: Promise<void> | null = null;
  #cancelRetry: () => void = () => undefined;
  #cancelCheckpoint: (() => void) | null = null;
  #closed: Promise<void> | null = null;
  #failing = false;

  private constructor(file: AuditFile, options: AuditOptions) {
    const { after, repairs, unsigned } = file.resumePoint;
    const [first, ...others] = options.sinks ?? AUDIT_SINKS;
    this.folder = file.folder;
    this.publicKey = file.key.publicKey;
    this.#sink = first({ ...options, file });
    this.#otherSinks = others.map((create) => create({ ...options, file }));
    this.#encoder = new AuditLineEncoder(options.serverId, file.key);
    this.#last = after;
    this.#unsigned = unsigned ? PROXY_LIMITS.auditCheckpointLines : 0;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#readFreeBytes = options.readFreeBytes ?? readFreeBytes;
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
   * Opens the log and continues after its last whole line. The caller closes.
   * @throws ConfigError `AUDIT_KEY`
   */
  static async open(options: AuditOptions): Promise<AuditLog> {
    return new AuditLog(await AuditFile.open(options), options);
  }

  /** Writes soon, and tries again while the disk is full. */
  append(entry: AuditEntry): void {
    if (this.#repeatSuppressor.allows(entry)) this.#enqueue(entry);
    else if (this.#repeatSuppressor.isShort) void this.#lookAtDisk();
  }

  #enqueue(entry: AuditEntry): void {
    this.#pending.push({ at: this.#clock.now(), entry });
    if (this.#pending.length > PROXY_LIMITS.auditBacklogLines) {
      this.#pending.shift()?.settle?.(new Error("the audit log is too far behind"));
      this.#log.error({ event: "audit.lost" }, "an audit line was lost");
    }
    this.#start();
  }

  /** The last batch could not be written. */
  get failing(): boolean {
    return this.#failing;
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

  /** Nothing is awaited between the last check of the pending lines and the end, so that no line is overlooked. */
  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#lookAtDisk();
        await this.#write(batch);
        this.#failing = false;
      } catch (error) {
        if (!this.#failing)
          this.#log.error({ event: "audit.unwritable", err: error }, "the audit log cannot be written");
        this.#failing = true;
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

  /** Refusals stop before the disk is full: a line of a session that cannot be written ends the service for everybody. */
  async #lookAtDisk(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt < PROXY_LIMITS.auditReserveLookMs) return;
    this.#lookedAt = now;
    const free = await this.#readFreeBytes(this.folder).catch(() => Infinity);
    this.#repeatSuppressor.setShort(free < PROXY_LIMITS.auditReserveBytes);
  }

  /** All lines of a batch, or none. */
  async #write(batch: readonly Pending[]): Promise<void> {
    const after = this.#last;
    let last = after;
    let unsigned = this.#unsigned;
    const lines: string[] = [];
    const add = (timed: TimedEntry): void => {
      const { text, position } = this.#encoder.encode(last, timed);
      lines.push(text);
      last = position;
      unsigned = timed.entry.action === CHECKPOINT.action ? 0 : unsigned + 1;
    };
    for (const timed of batch) {
      if (unsigned >= PROXY_LIMITS.auditCheckpointLines) add({ at: timed.at, entry: CHECKPOINT });
      add(timed);
    }
    const written = { lines, after, last };
    await this.#sink.write(written);
    this.#last = last;
    this.#unsigned = unsigned;
    for (const { settle } of batch) settle?.();
    for (const sink of this.#otherSinks) void this.#copy(sink, written);
    await this.#sink.confirm?.(written);
    this.#scheduleCheckpoint();
  }

  async #copy(sink: AuditSink, batch: AuditBatch): Promise<void> {
    try {
      await sink.write(batch);
      await sink.confirm?.(batch);
    } catch (error) {
      this.#log.error({ event: "audit.sink", err: error }, "a copy of the audit log could not be written");
    }
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
    await Promise.allSettled(this.#otherSinks.map((sink) => sink.close()));
    await this.#sink.close();
  }
}

async function readFreeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
