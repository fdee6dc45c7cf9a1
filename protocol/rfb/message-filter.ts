import { PosternError } from "../errors.ts";

/** No run: no bytes wait to be forwarded. */
const NO_RUN = -1;

/**
 * A byte stream that is parsed and forwarded in runs: adjacent unedited bytes are forwarded as one view of
 * the chunk that contains them. Bytes that a step cannot use yet are buffered until more arrive.
 */
export abstract class MessageFilter {
  protected readonly forward: (chunk: Buffer) => void;
  #held: Buffer | undefined;
  #run = NO_RUN;
  #refusal: PosternError | undefined;

  /**
   * @param forward receives what the other side may see: a view of a chunk that was pushed, or a new buffer
   */
  constructor(forward: (chunk: Buffer) => void) {
    this.forward = forward;
  }

  /**
   * When this throws, everything before the refused message has been forwarded. Nothing is forwarded
   * afterwards.
   * @throws ProtocolError, LimitError `LENGTH_LIMIT`
   */
  push(chunk: Buffer): void {
    if (this.#refusal) throw this.#refusal;
    const input = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    let at = 0;
    try {
      while (at < input.length) {
        const next = this.step(input, at);
        if (next === at) break;
        at = next;
      }
    } catch (error) {
      if (error instanceof PosternError) this.#refusal = error;
      throw error;
    } finally {
      this.endRun(input, at);
    }
    // A copy, so that a few bytes do not keep a whole chunk in memory.
    if (at < input.length) this.#held = Buffer.from(input.subarray(at));
  }

  /** @returns how far it got; `at` when more bytes are needed first */
  protected abstract step(input: Buffer, at: number): number;

  /** Forwards the bytes from `at` to the end of the run. */
  protected extendRun(at: number): void {
    if (this.#run === NO_RUN) this.#run = at;
  }

  protected endRun(input: Buffer, end: number): void {
    const start = this.#run;
    this.#run = NO_RUN;
    if (start !== NO_RUN && start < end) this.forward(input.subarray(start, end));
  }
}
