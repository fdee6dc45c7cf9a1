import { open, readdir, mkdir, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../state/durable-file.ts";
import type { AuditEntry } from "../model/proxy-types.ts";
import { hashLine, parseLine, GENESIS, isSamePosition, type ChainPosition } from "./audit-chain.ts";
import type { AuditHead } from "./audit-head.ts";

const AUDIT_FOLDER = "audit";
const CURRENT_FILE = "audit.jsonl";
const ROTATED = /^audit-\d{12}\.jsonl$/;

export function auditFolder(dataDir: string): string {
  return join(dataDir, AUDIT_FOLDER);
}

/** A file that is full is named after the sequence number of its first line. */
function nameRotated(firstSequence: number): string {
  return `audit-${String(firstSequence).padStart(12, "0")}.jsonl`;
}

/** The paths of a log's files, the oldest first. */
export async function listAuditFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const rotated = names.filter((name) => ROTATED.test(name)).sort();
  const all = names.includes(CURRENT_FILE) ? [...rotated, CURRENT_FILE] : rotated;
  return all.map((name) => join(folder, name));
}

const TAIL_BYTES = 65_536;

interface Tail {
  /** Bytes up to the end of the last whole line. */
  readonly size: number;
  /** The last whole line; null: there is none, or it has no sequence number. */
  readonly position: ChainPosition | null;
  /** That line is a checkpoint. */
  readonly signed: boolean;
  /** Bytes after the last whole line: a line that was cut. */
  readonly torn: number;
}

/** Where a file of the log ends. A line that was cut by a crash was never committed. */
async function readTail(file: FileHandle): Promise<Tail> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const end = buffer.lastIndexOf(0x0a) + 1;
  if (end === 0) return { size: 0, position: null, signed: false, torn: size };
  const start = end < 2 ? 0 : buffer.lastIndexOf(0x0a, end - 2) + 1;
  const line = buffer.subarray(start, end - 1);
  const parsed = parseLine(line);
  const position = parsed === null ? null : { sequence: parsed.sequence, hash: hashLine(line) };
  const signed = parsed !== null && parsed.checkpoint !== null;
  return { size: size - length + end, position, signed, torn: length - end };
}

/** The sequence number of a file's first line; null: there is none. */
async function readFirstSequence(file: FileHandle): Promise<number | null> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
  return end === -1 ? null : (parseLine(buffer.subarray(0, end))?.sequence ?? null);
}

export interface ResumePoint {
  /** The first line of this run follows this one. */
  readonly after: ChainPosition;
  /** What has to be logged first about the log itself. */
  readonly repairs: readonly AuditEntry[];
  /** No checkpoint covers its last lines. */
  readonly unsigned: boolean;
}

/**
 * Where a log continues after an earlier run. What the head says was written must be there: if it is not, the
 * log continues after the missing lines, so that `verify` keeps reporting the gap. A line that a crash cut was
 * never committed.
 * @param head null: none, or none with a valid signature
 */
export function findResumePoint(tail: Tail, head: AuditHead | null): ResumePoint {
  const last = tail.position ?? GENESIS;
  if (head !== null && hasChanged(last, head)) {
    const missing = head.next.sequence - last.sequence;
    return { after: head.next, repairs: [makeRepairEntry("AUDIT_LOG_CHANGED", missing)], unsigned: true };
  }
  const repairs: AuditEntry[] = [];
  if (head === null && last.sequence > 0) repairs.push(makeRepairEntry("AUDIT_HEAD_MISSING"));
  if (head !== null && !isSamePosition(last, head.done) && !isSamePosition(last, head.next)) {
    repairs.push(makeRepairEntry("AUDIT_LINES_UNSIGNED", last.sequence - head.done.sequence));
  }
  if (tail.torn > 0) repairs.push(makeRepairEntry("AUDIT_LINE_TORN", tail.torn));
  return { after: last, repairs, unsigned: last.sequence > 0 && !tail.signed };
}

/** Committed lines are missing, or the last one is another. */
function hasChanged(last: ChainPosition, { done, next }: AuditHead): boolean {
  if (last.sequence < done.sequence) return true;
  return [done, next].some(({ sequence, hash }) => sequence === last.sequence && hash !== last.hash);
}

/** @param count bytes of a torn line, else lines */
function makeRepairEntry(reason: string, count?: number): AuditEntry {
  const entry = { action: "audit.repair", outcome: "failure", reason } as const;
  return count === undefined ? entry : { ...entry, count };
}

/** The log's bytes on the disk: the current file, and the rotated ones. */
export class Journal {
  readonly #folder: string;
  readonly #maxFileBytes: number;
  #file: FileHandle;
  #size: number;
  #firstSequence: number | null;

  private constructor(
    folder: string,
    maxFileBytes: number,
    current: { file: FileHandle; size: number; firstSequence: number | null },
  ) {
    this.#folder = folder;
    this.#maxFileBytes = maxFileBytes;
    this.#file = current.file;
    this.#size = current.size;
    this.#firstSequence = current.firstSequence;
  }

  /** Opens the current file, and finds where the log ends. The caller closes. */
  static async open(folder: string, maxFileBytes: number): Promise<{ journal: Journal; tail: Tail }> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, CURRENT_FILE);
    const file = await open(path, "r+").catch(() => open(path, "wx+", 0o600));
    try {
      const tail = await readTail(file);
      const firstSequence = await readFirstSequence(file);
      const journal = new Journal(folder, maxFileBytes, { file, size: tail.size, firstSequence });
      if (tail.size > 0) return { journal, tail };
      // The current file is new: the log ends in the one before.
      const before = (await listAuditFiles(folder)).at(-2);
      if (before === undefined) return { journal, tail };
      const { position, signed } = await readTailOf(before);
      return { journal, tail: { ...tail, position, signed } };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Cuts the current file to this many bytes. */
  async truncate(size: number = this.#size): Promise<void> {
    await this.#file.truncate(size);
    this.#size = size;
  }

  /**
   * Settles when all is on the disk; when it rejects, nothing is there: half a line would spoil the next.
   * @param firstSequence of the first line in `bytes`
   */
  async append(bytes: Buffer, firstSequence: number): Promise<void> {
    if (this.#size > 0 && this.#size + bytes.length > this.#maxFileBytes) {
      // A file that cannot be rotated keeps growing; the next lines try again.
      await this.#rotate().catch(() => undefined);
    }
    try {
      let written = 0;
      while (written < bytes.length) {
        const step = await this.#file.write(bytes, written, bytes.length - written, this.#size + written);
        written += step.bytesWritten;
      }
      await this.#file.datasync();
    } catch (error) {
      await this.truncate().catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
    this.#firstSequence ??= firstSequence;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The new file exists before the old one is renamed: whatever fails, one of them is in place. */
  async #rotate(): Promise<void> {
    const current = join(this.#folder, CURRENT_FILE);
    const fresh = `${current}.new`;
    const aside = join(this.#folder, nameRotated(this.#firstSequence ?? 0));
    const next = await open(fresh, "w+", 0o600);
    try {
      await rename(current, aside);
      await rename(fresh, current).catch(async (error: unknown) => {
        await rename(aside, current);
        throw error;
      });
    } catch (error) {
      await next.close();
      throw error;
    }
    await syncFolder(this.#folder).catch(() => undefined);
    const full = this.#file;
    this.#file = next;
    this.#size = 0;
    this.#firstSequence = null;
    await full.close();
  }
}

async function readTailOf(path: string): Promise<Tail> {
  const file = await open(path, "r");
  try {
    return await readTail(file);
  } finally {
    await file.close();
  }
}
