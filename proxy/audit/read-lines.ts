import { createReadStream } from "node:fs";

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;

export interface LineBatch {
  /** Whole lines, without their newlines. */
  readonly lines: readonly Buffer[];
  /** At the end of the file only: what stands behind the last newline. */
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
