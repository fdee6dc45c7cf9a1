import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../protocol/index.ts";
import { makeBadLine, ChainChecker, type BadLine } from "./chain-checker.ts";
import { isSamePosition, type ChainPosition, parseLine } from "./audit-chain.ts";
import { auditFolder, listAuditFiles } from "./journal.ts";
import { readAuditHead, type AuditHead } from "./audit-head.ts";
import { AuditKeys, PUBLIC_KEY_FILE } from "./audit-key.ts";
import { readLines } from "./read-lines.ts";

export interface AuditVerificationOptions {
  /** The log of a data folder, up to its signed head; or files of it that were taken elsewhere. */
  readonly of: { readonly dataDir: string } | { readonly files: readonly string[] };
  /** PEM, one or more; null: the data folder's own `audit.pub`, or for files no check of signatures. */
  readonly publicKeys: string | null;
  /** The first line's number where older files were archived. */
  readonly from?: number;
  /** A line that was noted before. */
  readonly expect?: ChainPosition;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface AuditVerificationResult {
  readonly ok: boolean;
  readonly bad: BadLine | null;
  readonly files: number;
  readonly lines: number;
  readonly checkpoints: number;
  readonly first: number | null;
  readonly last: ChainPosition | null;
  /** Lines behind the last checkpoint. */
  readonly unsigned: number;
  /** What could not be checked. */
  readonly notes: readonly string[];
}

/**
 * Checks a log from its first line on, without changing anything.
 * @throws ConfigError `AUDIT_PUBLIC_KEY`, `AUDIT_LOG_UNREADABLE`
 */
export async function verifyAudit(options: AuditVerificationOptions): Promise<AuditVerificationResult> {
  const { of } = options;
  if ("files" in of) return verifyFiles(await orUnreadable(sortFiles(of.files)), null, options);
  const folder = auditFolder(of.dataDir);
  for (;;) {
    const files = await orUnreadable(listAuditFiles(folder));
    const result = await verifyFiles(files, folder, options);
    // A file that was rotated meanwhile was not read under its new name.
    const still = await orUnreadable(listAuditFiles(folder));
    if (result.ok || still.length <= files.length) return result;
  }
}

async function verifyFiles(
  files: readonly string[],
  folder: string | null,
  options: AuditVerificationOptions,
): Promise<AuditVerificationResult> {
  if (files.length === 0) throw unreadable("There is no audit log here. Name the server's data folder.");
  const keys = await readKeys(options.publicKeys, folder);
  const notes = keys === null ? ["Signatures were not checked: give the server's public key."] : [];
  const readHeadNow = async (): Promise<AuditHead | null> => {
    const serverId = await orUnreadable(readServerId(files));
    return folder === null || keys === null || serverId === null
      ? null
      : readAuditHead(folder, serverId, keys);
  };
  const head = await readHeadNow();
  const check = new ChainChecker({ keys, from: options.from ?? 1, expect: options.expect ?? null });
  const walked = await orUnreadable(checkFiles(files, check, head, options));
  let found = isBad(walked) ? walked : checkEnd(check, head, folder !== null, notes);
  if (found === null && walked === "behind" && head !== null) {
    const later = await readHeadNow();
    const continues = later !== null && !isSamePosition(later.next, head.next);
    if (continues) notes.push("The server goes on writing: the newest lines were left to the next time.");
    else found = check.appendedLine();
  }
  const { lines, checkpoints, first, last, unsigned } = check;
  return {
    ok: found === null,
    bad: found,
    files: files.length,
    lines,
    checkpoints,
    first,
    last,
    unsigned,
    notes,
  };
}

function isBad(found: BadLine | "behind" | null): found is BadLine {
  return found !== null && found !== "behind";
}

/** Goes through the files; "behind": there are lines that the head does not know. */
async function checkFiles(
  files: readonly string[],
  check: ChainChecker,
  head: AuditHead | null,
  { onProgress }: AuditVerificationOptions,
): Promise<BadLine | "behind" | null> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [index, file] of files.entries()) {
    let line = 0;
    for await (const { lines, rest, bytes } of readLines(file)) {
      for (const text of lines) {
        if (head !== null && (check.last?.sequence ?? 0) >= head.next.sequence) return "behind";
        const found = check.add(text, { file, line: ++line });
        if (found !== null) return found;
      }
      // Behind the head a cut line is one that was never committed, or is being written just now.
      const committed = head === null || (check.last?.sequence ?? 0) < head.done.sequence;
      if (rest !== null && (committed || index < files.length - 1)) {
        const sequence = check.last === null ? null : check.last.sequence + 1;
        return makeBadLine({ file, line: line + 1 }, sequence, "AUDIT_LINE_TORN", "The line is cut.");
      }
      onProgress?.(before + bytes, total);
    }
    before += sizes[index] ?? 0;
  }
  return null;
}

function checkEnd(
  check: ChainChecker,
  head: AuditHead | null,
  hasHead: boolean,
  notes: string[],
): BadLine | null {
  const { last } = check;
  const known = [head?.done, head?.next].find((position) => position?.sequence === last?.sequence) ?? null;
  const found = check.finish(known);
  if (found !== null) return found;
  if (!hasHead) {
    notes.push(
      "Files alone cannot tell whether later lines were cut off: compare the last line with a noted one.",
    );
    return null;
  }
  const location = check.location ?? { file: "", line: 0 };
  if (head === null) {
    const message =
      "audit.head, which says how far the log goes, is missing or was not signed by this server.";
    return makeBadLine(location, last?.sequence ?? null, "AUDIT_HEAD_MISSING", message);
  }
  if (last === null || last.sequence < head.done.sequence) return check.truncatedLine(head.done.sequence);
  if (known !== null && !isSamePosition(known, last)) {
    return makeBadLine(
      location,
      last.sequence,
      "AUDIT_LINE_CHANGED",
      "The line was changed after it was written.",
    );
  }
  const open = last.sequence - head.done.sequence;
  if (known === null)
    notes.push(`The last ${open} lines were never committed: the server ended while it wrote them.`);
  return null;
}

async function readKeys(given: string | null, folder: string | null): Promise<AuditKeys | null> {
  if (given !== null) return new AuditKeys(given);
  if (folder === null) return null;
  return new AuditKeys(await readFile(join(folder, PUBLIC_KEY_FILE), "utf8").catch(() => ""));
}

/** Files in the order of their first lines. */
async function sortFiles(files: readonly string[]): Promise<string[]> {
  const numbered = await Promise.all(
    files.map(async (file) => ({ file, first: (await readFirstLine(file))?.sequence ?? 0 })),
  );
  return numbered.sort((one, other) => one.first - other.first).map(({ file }) => file);
}

async function readServerId(files: readonly string[]): Promise<string | null> {
  return (files[0] === undefined ? null : await readFirstLine(files[0]))?.serverId ?? null;
}

async function readFirstLine(file: string): Promise<ReturnType<typeof parseLine>> {
  for await (const { lines } of readLines(file)) return lines[0] === undefined ? null : parseLine(lines[0]);
  return null;
}

async function orUnreadable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : "";
    throw unreadable(`The audit log cannot be read: ${detail}.`, cause);
  }
}

function unreadable(message: string, cause?: unknown): ConfigError {
  return ConfigError.public("AUDIT_LOG_UNREADABLE", message, { cause });
}
