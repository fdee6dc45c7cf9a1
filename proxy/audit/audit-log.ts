import { mkdir, open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { AuditEntry } from "../proxy.ts";
import { isAuditAction } from "./codes.ts";
import { formatLine, type TimedEntry } from "./line.ts";
import { readTail } from "./tail.ts";

interface Pending extends TimedEntry {
  /** Somebody waits for this line: it is not tried again. */
  readonly settle?: (error?: unknown) => void;
}

/**
 * The audit log, `audit/audit.jsonl` in the data folder, mode 0600. Lines that come while one batch is
 * being written make up the next; each batch is on the disk before anybody hears of it.
 */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #serverId: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #size: number;
  #sequence: number;
  #pending: Pending[] = [];
  #writing: Promise<void> | null = null;
  #cancelRetry: () => void = () => undefined;
  #closed: Promise<void> | null = null;

  private constructor(
    file: FileHandle,
    tail: { readonly size: number; readonly sequence: number },
    options: AuditOptions,
  ) {
    this.#file = file;
    this.#size = tail.size;
    this.#sequence = tail.sequence;
    this.#serverId = options.serverId;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Opens the log and goes on after its last whole line. The caller closes. */
  static async open(options: AuditOptions): Promise<AuditLog> {
    const folder = join(options.dataDir, "audit");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "audit.jsonl");
    const file = await open(path, "r+").catch(() => open(path, "wx+", 0o600));
    try {
      const tail = await readTail(file);
      if (tail.cut) await file.truncate(tail.size);
      return new AuditLog(file, tail, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes in a moment, and tries again while the disk is full. */
  append(entry: AuditEntry): void {
    if (!isAuditAction(entry.action)) {
      this.#log.error({ event: "audit.code", action: entry.action }, "an audit action that is not listed");
    }
    this.#pending.push({ at: this.#clock.now(), entry });
    if (this.#pending.length > LIMITS.auditBacklogLines) {
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

  /** Writes what is left. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  #start(): void {
    if (this.#writing || this.#closed) return;
    this.#cancelRetry();
    this.#writing = this.#drain().finally(() => {
      this.#writing = null;
    });
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#write(batch);
        for (const { settle } of batch) settle?.();
      } catch (error) {
        this.#log.error({ event: "audit.unwritable", err: error }, "the audit log cannot be written");
        const unwritten = [...batch, ...this.#pending];
        for (const { settle } of unwritten) settle?.(error);
        this.#pending = unwritten.filter(({ settle }) => settle === undefined);
        this.#cancelRetry = this.#clock.after(LIMITS.auditRetryMs, () => {
          this.#start();
        });
        return;
      }
    }
  }

  /** All lines of a batch, or none: half a line would spoil the next. */
  async #write(batch: readonly Pending[]): Promise<void> {
    const lines = batch.map((timed, position) =>
      formatLine(this.#sequence + 1 + position, this.#serverId, timed),
    );
    const bytes = Buffer.from(lines.join(""), "utf8");
    try {
      let written = 0;
      while (written < bytes.length) {
        const step = await this.#file.write(bytes, written, bytes.length - written, this.#size + written);
        written += step.bytesWritten;
      }
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
    this.#sequence += batch.length;
  }

  async #finish(): Promise<void> {
    this.#cancelRetry();
    await this.#writing;
    await this.#drain();
    this.#cancelRetry();
    await this.#file.close();
  }
}

export interface AuditOptions {
  readonly dataDir: string;
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
}
