import { LimitError } from "../../protocol/index.ts";

const MAX_LINE_BYTES = 1024 * 1024;

/** Cuts a byte stream into lines. @throws LimitError `QMP_LINE` */
export class QmpLineSplitter {
  #held = "";
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const parts = (this.#held + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#held = parts.pop() ?? "";
    if (this.#held.length > MAX_LINE_BYTES) throw new LimitError("QMP_LINE", "a QMP line has no end");
    for (const line of parts) if (line.trim() !== "") this.#onLine(line);
  }
}
