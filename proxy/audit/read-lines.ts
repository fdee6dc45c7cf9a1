import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

const CHUNK_BYTES = 1_048_576;
const BLOCK_BYTES = 262_144;
const NEWLINE = 0x0a;

export interface LineBatch {
  /** Whole lines, without their newlines. */
  readonly lines: readonly Buffer[];
  /** At the end of the file only: what follows the last newline. */
  readonly rest: Buffer | null;
  /** Bytes of the file read so far. */
  readonly bytes: number;
}

/** The lines of a file from its beginning, in batches; a line that never ends comes as the rest. */
export async function* readLines(path: string): AsyncGenerator<LineBatch> {
  let held: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const data = chunk as Buffer;
    bytes += data.length;
    const text: Buffer = held.length === 0 ? data : Buffer.concat([held, data]);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
      lines.push(text.subarray(start, end));
      start = end + 1;
    }
    held = text.subarray(start);
    yield { lines, rest: null, bytes };
    if (held.length > CHUNK_BYTES) break;
  }
  if (held.length > 0) yield { lines: [], rest: held, bytes };
}

/** The whole lines of a file from its end, the newest first, in batches. A line that is cut is left out. */
export async function* readLinesBackwards(path: string, blockBytes = BLOCK_BYTES): AsyncGenerator<string[]> {
  const file = await open(path, "r");
  try {
    let at = (await file.stat()).size;
    // The end of a line whose beginning is in an earlier block.
    let held: Buffer = Buffer.alloc(0);
    let atEnd = true;
    while (at > 0) {
      const length = Math.min(blockBytes, at);
      at -= length;
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, at);
      let text: Buffer = Buffer.concat([buffer, held]);
      held = Buffer.alloc(0);
      if (atEnd) {
        const end: number = text.lastIndexOf(NEWLINE);
        if (end === -1) continue;
        text = text.subarray(0, end);
        atEnd = false;
      }
      const begin: number = at === 0 ? -1 : text.indexOf(NEWLINE);
      if (at > 0 && begin === -1) {
        held = text;
        continue;
      }
      held = text.subarray(0, Math.max(0, begin));
      yield text
        .toString("utf8", begin + 1)
        .split("\n")
        .reverse();
    }
  } finally {
    await file.close();
  }
}
