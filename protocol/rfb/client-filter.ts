import { PosternError, ProtocolError } from "../errors.ts";
import { identifyClientMessage, type ClientMessage, type Requirement } from "./client-messages.ts";
import { editSetEncodings, isForwardedEncoding } from "./set-encodings.ts";

/** What a viewer may do; read again for each message, so that it may change during a session. */
export interface ClientPolicy {
  /** False: look only. Keyboard, pointer, clipboard, power and size stay with others. */
  readonly control: boolean;
}

const SET_ENCODINGS = "SetEncodings";
/** No `from`: nothing is waiting to be forwarded. */
const NO_RUN = -1;

/**
 * A viewer's byte stream on its way to a VNC server. It is always parsed, as bytes and never as chunks: only then is it
 * certain that the server reads the same messages. Unedited bytes go on as views of the chunk that brought them.
 * It holds at most one unfinished SetEncodings.
 */
export class ClientFilter {
  readonly #policy: ClientPolicy;
  readonly #forward: (chunk: Buffer) => void;
  /** Pseudo-encodings of the latest SetEncodings that went on: each one replaces the set. */
  #understood: ReadonlySet<number> = new Set();
  #held: Buffer | undefined;
  /** What is left of the message under way, and whether it goes on. */
  #bodyLeft = 0;
  #bodyPasses = false;
  #run = NO_RUN;
  #refusal: PosternError | undefined;

  /** @param forward receives what the server may see; the buffer is a view of a chunk that was pushed, or a new one */
  constructor(policy: ClientPolicy, forward: (chunk: Buffer) => void) {
    this.#policy = policy;
    this.#forward = forward;
  }

  /**
   * What precedes a refused message has been forwarded when this throws; from then on nothing passes.
   * @throws ProtocolError `RFB_CLIENT_MESSAGE`, LimitError `LENGTH_LIMIT`
   */
  push(chunk: Buffer): void {
    if (this.#refusal) throw this.#refusal;
    const input = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    let at = 0;
    try {
      while (at < input.length) {
        const next = this.#bodyLeft > 0 ? this.#passBody(input, at) : this.#startMessage(input, at);
        if (next === at) break;
        at = next;
      }
    } catch (error) {
      if (error instanceof PosternError) this.#refusal = error;
      throw error;
    } finally {
      this.#endRun(input, at);
    }
    // A copy: a few bytes must not keep a whole chunk alive.
    if (at < input.length) this.#held = Buffer.from(input.subarray(at));
  }

  /** @returns where the rest of the message begins; `at` itself when more bytes are needed first */
  #startMessage(input: Buffer, at: number): number {
    const available = input.length - at;
    const message = identifyClientMessage(input, at);
    if (!message || available < message.headBytes) return at;
    const length = message.measure(input, at);
    this.#checkUnderstood(message, message.needs(input, at));
    if (message.name === SET_ENCODINGS)
      return available < length ? at : this.#passEncodings(input, at, length);
    this.#bodyLeft = length;
    this.#bodyPasses = this.#policy.control || !message.control;
    return this.#passBody(input, at);
  }

  #passBody(input: Buffer, at: number): number {
    const length = Math.min(this.#bodyLeft, input.length - at);
    this.#bodyLeft -= length;
    if (!this.#bodyPasses) this.#endRun(input, at);
    else if (this.#run === NO_RUN) this.#run = at;
    return at + length;
  }

  #passEncodings(input: Buffer, at: number, length: number): number {
    const end = at + length;
    const original = input.subarray(at, end);
    const edited = editSetEncodings(original, isForwardedEncoding);
    this.#understood = new Set(edited.encodings);
    if (edited.message === original) {
      if (this.#run === NO_RUN) this.#run = at;
    } else {
      this.#endRun(input, at);
      this.#forward(edited.message);
    }
    return end;
  }

  #endRun(input: Buffer, end: number): void {
    const start = this.#run;
    this.#run = NO_RUN;
    if (start !== NO_RUN && start < end) this.#forward(input.subarray(start, end));
  }

  #checkUnderstood(message: ClientMessage, requirement: Requirement): void {
    if (requirement === "always") return;
    if (requirement !== "ultravnc" && this.#understood.has(requirement)) return;
    throw new ProtocolError("RFB_CLIENT_MESSAGE", `${message.name} was sent without having been negotiated`, {
      safeMessage: "The viewer sent a message that is not supported here.",
    });
  }
}
