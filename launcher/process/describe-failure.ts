import { open, stat } from "node:fs/promises";
import { isPosternError, UNEXPLAINED } from "../../protocol/index.ts";
import { makeReason, type StateReason } from "../model/lifecycle.ts";
import type { ProcessExit } from "../system/child-process.ts";

const TAIL_BYTES = 4096;
const MAX_LINE = 200;
/** The protocol's limits. */
const MAX_DETAIL = 300;
export const MAX_REASON = 500;

/** Why QEMU ended, with the log's last line, without paths of the host. */
export function describeExit(exit: ProcessExit, lastLine: string | null): StateReason {
  const line = lastLine === null ? null : hidePaths(lastLine);
  const end =
    exit.signal !== null
      ? `QEMU was ended by ${exit.signal}.`
      : exit.code !== null
        ? `QEMU ended with status ${exit.code}.`
        : "QEMU ended unexpectedly.";
  if (line === null) return { reason: end, cause: { code: "QEMU_ENDED", details: {} } };
  return { reason: `${end} It said: ${line}`, cause: { code: "QEMU_SAID", details: { said: line } } };
}

/** Why a start failed, without what people must not see. */
export function describeStartFailure(error: unknown): StateReason {
  if (!isPosternError(error)) return makeReason("START_FAILED", "The machine could not be started.");
  const { code, safeMessage } = error;
  const details = Object.fromEntries(
    Object.entries(error.details).map(([name, text]) => [name, shorten(text, MAX_DETAIL)]),
  );
  return { reason: safeMessage ?? UNEXPLAINED, cause: { code, details } };
}

/** Replaces everything that looks like a path, and shortens the line. */
export function hidePaths(line: string): string {
  const hidden = line
    .replace(/^qemu-system-\w+: /, "")
    .replace(/(["'])[^"']*\/[^"']*\1/g, "(file)")
    .replace(/(^|[\s=:(,])\.{0,2}\/[^\s"':,;)]*/g, "$1(file)");
  return shorten(hidden, MAX_LINE);
}

/** At most this many characters. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** A log's length in bytes: what is written later belongs to the next start. */
export async function measureLog(logFile: string): Promise<number> {
  try {
    return (await stat(logFile)).size;
  } catch {
    return 0;
  }
}

/** What a helper process said last, for the end of a sentence's paragraph; empty: nothing. */
export async function quoteLastLine(logFile: string, from: number): Promise<string> {
  const line = await readLastLine(logFile, from);
  return line === null ? "" : ` It said: ${hidePaths(line)}`;
}

/** QEMU's own complaint; other programs of its namespace, and its warnings, may come after it. */
const COMPLAINT = /^qemu-system-\w+: (?!warning:|terminating on signal)/;

/**
 * The line that says why, in QEMU's words if there are any, else the last that is not empty; null if there is none.
 * @param from the offset of this start: a log is kept over several starts
 */
export async function readLastLine(logFile: string, from: number): Promise<string | null> {
  try {
    const handle = await open(logFile, "r");
    try {
      const { size } = await handle.stat();
      const start = Math.max(from, size - TAIL_BYTES);
      const tail = Buffer.alloc(Math.max(0, size - start));
      await handle.read(tail, 0, tail.length, start);
      const lines = tail.toString("utf8").split("\n");
      const said = lines.map((line) => line.trim()).filter((line) => line !== "");
      return said.findLast((line) => COMPLAINT.test(line)) ?? said.at(-1) ?? null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}
