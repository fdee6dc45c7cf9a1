import { open } from "node:fs/promises";
import type { ProcessExit } from "./watched-process.ts";

const TAIL_BYTES = 4096;
const MAX_LINE = 200;

/** Why QEMU ended, in a sentence for people, with the log's last line and without paths of the host. */
export function describeExit(exit: ProcessExit, lastLine: string | null): string {
  const said = lastLine === null ? "" : ` It said: ${hidePaths(lastLine)}`;
  if (exit.signal !== null) return `QEMU was ended by ${exit.signal}.${said}`;
  if (exit.code !== null) return `QEMU ended with status ${exit.code}.${said}`;
  return `QEMU ended unexpectedly.${said}`;
}

/** Replaces everything that looks like a path, and cuts the line to a length for people. */
export function hidePaths(line: string): string {
  const hidden = line
    .replace(/^qemu-system-\w+: /, "")
    .replace(/(["'])[^"']*\/[^"']*\1/g, "(file)")
    .replace(/(^|[\s=:(,])\.{0,2}\/[^\s"':,;)]*/g, "$1(file)");
  return hidden.length > MAX_LINE ? `${hidden.slice(0, MAX_LINE - 1)}…` : hidden;
}

/**
 * The last line that is not empty; null if there is none.
 * @param from only what was written from this offset on: a log is kept over several starts
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
