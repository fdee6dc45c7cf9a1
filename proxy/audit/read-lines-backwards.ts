import { open } from "node:fs/promises";

const BLOCK_BYTES = 262_144;
const NEWLINE = 0x0a;

/** The whole lines of a file from its end, the newest first, in batches. A line that is cut is left out. */
export async function* readLinesBackwards(path: string, blockBytes = BLOCK_BYTES): AsyncGenerator<string[]> {
  const file = await open(path, "r");
  try {
    let at = (await file.stat()).size;
    // The end of a line whose beginning lies further to the front.
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
