import type { FileHandle } from "node:fs/promises";
import { hashLine, type ChainPosition } from "./chain-position.ts";
import { parseLine } from "./parse-line.ts";

const TAIL_BYTES = 65_536;

export interface Tail {
  /** Bytes up to the end of the last whole line. */
  readonly size: number;
  /** The last whole line; null: there is none, or it tells no sequence number. */
  readonly position: ChainPosition | null;
  /** That line is a checkpoint. */
  readonly signed: boolean;
  /** Bytes behind the last whole line: a line that was cut. */
  readonly torn: number;
}

/** Where a file of the log ends. A line that was cut by a crash was never committed. */
export async function readTail(file: FileHandle): Promise<Tail> {
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
export async function readFirstSequence(file: FileHandle): Promise<number | null> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, 0);
  const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
  return end === -1 ? null : (parseLine(buffer.subarray(0, end))?.sequence ?? null);
}
