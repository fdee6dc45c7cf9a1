import type { FileHandle } from "node:fs/promises";

const TAIL_BYTES = 65_536;

export interface Tail {
  /** Bytes up to the end of the last whole line. */
  readonly size: number;
  /** Sequence number of the last line; 0: none. */
  readonly sequence: number;
  /** Something lies behind the last whole line. */
  readonly cut: boolean;
}

/** Where the log of an earlier life ends. A line that was cut by a crash was never committed. */
export async function readTail(file: FileHandle): Promise<Tail> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const end = buffer.lastIndexOf(0x0a) + 1;
  if (end === 0) return { size: 0, sequence: 0, cut: size > 0 };
  const start = end < 2 ? 0 : buffer.lastIndexOf(0x0a, end - 2) + 1;
  const sequence = readSequence(buffer.toString("utf8", start, end));
  return { size: size - length + end, sequence, cut: end < length };
}

function readSequence(line: string): number {
  const found = /"event":\{"sequence":(\d+)/.exec(line)?.[1];
  return found === undefined ? 0 : Number(found);
}
