import { open } from "node:fs/promises";
import { isPosternError, UNEXPLAINED } from "../../protocol/index.ts";
import { makeReason, type StateReason } from "../model/lifecycle.ts";
import type { ProcessExit } from "../system/child-process.ts";

const TAIL_BYTES = 4096;
const MAX_LINE = 200;
/** The protocol's limit. */
const MAX_DETAIL = 300;

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

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/**
 * The last line that is not empty; null if there is none.
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
      return lines.findLast((line) => line.trim() !== "")?.trim() ?? null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}
