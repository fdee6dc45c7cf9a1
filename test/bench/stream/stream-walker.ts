/** Asks for exactly `n` bytes with `yield n`, and lets `n` bytes pass with `yield -n`. It never ends. */
export type StreamGrammar = Generator<number, never, Buffer>;

const NOTHING = Buffer.alloc(0);

/** Drives a grammar over a byte stream; what passes is not copied and not kept. */
export class StreamWalker {
  readonly #grammar: StreamGrammar;
  readonly #onPassed: (piece: Buffer) => void;
  #wanted: number;
  #held: Buffer = NOTHING;

  constructor(grammar: StreamGrammar, onPassed: (piece: Buffer) => void = () => undefined) {
    this.#grammar = grammar;
    this.#onPassed = onPassed;
    this.#wanted = grammar.next().value;
  }

  /** @param chunk may be overwritten by its owner afterwards @throws the error of the grammar */
  push(chunk: Buffer): void {
    const input = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NOTHING;
    let at = 0;
    for (;;) {
      if (this.#wanted < 0) {
        const length = Math.min(-this.#wanted, input.length - at);
        if (length > 0) this.#onPassed(input.subarray(at, at + length));
        at += length;
        this.#wanted += length;
        if (this.#wanted < 0) return;
        this.#advance(NOTHING);
        continue;
      }
      const end = at + this.#wanted;
      if (end > input.length) {
        if (at < input.length) this.#held = Buffer.from(input.subarray(at));
        return;
      }
      const piece = input.subarray(at, end);
      at = end;
      this.#advance(piece);
    }
  }

  #advance(piece: Buffer): void {
    this.#wanted = this.#grammar.next(piece).value;
  }
}
