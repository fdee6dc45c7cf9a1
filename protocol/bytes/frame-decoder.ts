import type { Grammar } from "./grammar.ts";

const EMPTY = Buffer.alloc(0);

/**
 * The synchronous driver: the caller pushes chunks as they arrive, and each complete value goes to `onValue`.
 * It buffers at most the bytes of one unfinished `yield`.
 */
export class FrameDecoder<T> {
  readonly #grammar: () => Grammar<T>;
  readonly #onValue: (value: T) => void;
  #running: Grammar<T> | undefined;
  #needed = 0;
  #held: Buffer = EMPTY;
  #heldLength = 0;
  #paused = false;
  /** What was pushed and not decoded before the pause. */
  #rest: Buffer = EMPTY;

  /** @param grammar makes the grammar of one value; it is called again for each value */
  constructor(grammar: () => Grammar<T>, onValue: (value: T) => void) {
    this.#grammar = grammar;
    this.#onValue = onValue;
  }

  /** True between two values: no byte of the next value has arrived yet. */
  get idle(): boolean {
    return this.#running === undefined && this.#heldLength === 0 && this.#rest.length === 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** No further value is delivered, even of the chunk that is being decoded, until {@link resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Decodes what was kept meanwhile. @throws as {@link push} does */
  resume(): void {
    this.#paused = false;
    const rest = this.#rest;
    this.#rest = EMPTY;
    this.push(rest);
  }

  /** @throws the error of the grammar; the decoder must not be used afterwards */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#paused) {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      return;
    }
    let input = chunk;
    if (this.#heldLength > 0) {
      if (this.#heldLength + chunk.length < this.#needed) {
        this.#hold(chunk);
        return;
      }
      input = Buffer.concat([this.#held.subarray(0, this.#heldLength), chunk]);
      this.#held = EMPTY;
      this.#heldLength = 0;
    }
    let offset = 0;
    for (;;) {
      if (this.#running === undefined) {
        if (offset === input.length) return;
        if (this.#paused) {
          this.#rest = input.subarray(offset);
          return;
        }
        this.#running = this.#grammar();
        this.#advance(this.#running.next());
        continue;
      }
      const end = offset + this.#needed;
      if (end > input.length) {
        if (offset < input.length) this.#hold(input.subarray(offset));
        return;
      }
      const piece = input.subarray(offset, end);
      offset = end;
      this.#advance(this.#running.next(piece));
    }
  }

  #advance(step: IteratorResult<number, T>): void {
    if (step.done) {
      this.#running = undefined;
      this.#onValue(step.value);
    } else {
      this.#needed = step.value;
    }
  }

  /**
   * A buffer that grows with the bytes received: no allocation of the announced length, and none per byte.
   */
  #hold(chunk: Buffer): void {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#held.length, this.#needed)));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldLength);
    this.#heldLength = length;
  }
}
