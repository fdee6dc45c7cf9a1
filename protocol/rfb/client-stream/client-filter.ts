import { parseAll } from "../../bytes/grammar.ts";
import {
  CLIENT_MESSAGE_LIMITS,
  ClientMessageType,
  identifyClientMessage,
  isMessageAllowed,
  type ClientMessage,
  type Requirement,
} from "./client-messages.ts";
import { mustParseServerStream, type ClientPolicy } from "./client-permissions.ts";
import { PseudoEncoding } from "../encodings.ts";
import { FenceFlag, hasFlag, readFence } from "../fence.ts";
import { readPixelFormat } from "../pixel-format.ts";
import type { PixelFormatTracker } from "../server-stream/pixel-format-tracker.ts";
import { MessageFilter } from "../message-filter.ts";
import { editSetEncodings, isAllowedEncoding } from "./set-encodings.ts";

const PIXEL_FORMAT_AT = 4;
const MAX_SET_ENCODINGS_BYTES = 4 + 4 * CLIENT_MESSAGE_LIMITS.encodings;

/**
 * A viewer's byte stream on its way to a VNC server. It is always parsed as a stream, never by chunks: only
 * then is it certain that the server reads the same messages. It buffers at most one unfinished SetEncodings,
 * and one Fence that belongs to the message after it. A message that the server may not get is left out; only one
 * of unknown length ends the stream.
 */
export class ClientFilter extends MessageFilter {
  readonly #policy: ClientPolicy;
  readonly #format: PixelFormatTracker | undefined;
  /** What was forwarded of the latest SetEncodings, since each one replaces the set. */
  #understood: ReadonlySet<number> = new Set();
  /** A complete Fence from the viewer that is to be answered after the next message. */
  #fence: Buffer | undefined;
  /** Remaining bytes of the current message, and whether they are forwarded. */
  #bodyLeft = 0;
  #forwardsBody = false;
  /** The latest PointerEvent that was forwarded has a button down. */
  #hasButtonDown = false;

  /** @param format of the server's stream, required if the policy needs that stream parsed */
  constructor(policy: ClientPolicy, forward: (chunk: Buffer) => void, format?: PixelFormatTracker) {
    super(forward);
    if (mustParseServerStream(policy) && !format)
      throw new Error("this policy needs the server's stream followed");
    this.#policy = policy;
    this.#format = format;
  }

  protected override step(input: Buffer, at: number): number {
    return this.#bodyLeft > 0 ? this.#forwardBody(input, at) : this.#startMessage(input, at);
  }

  /** @returns where the rest of the message begins; `at` when more bytes are needed first */
  #startMessage(input: Buffer, at: number): number {
    const available = input.length - at;
    const message = identifyClientMessage(input, at);
    if (!message || available < message.headBytes) return at;
    const length = message.measure(input, at);
    const isTooLong = length > (message.maxBytes ?? Infinity);
    const whole = isTooLong ? 0 : this.#countWholeBytes(input.readUInt8(at), length);
    if (available < whole) return at;
    if (whole > 0) {
      const end = this.#forwardWhole(input, at, at + whole);
      this.#bodyLeft = length - whole;
      this.#forwardsBody = false;
      return end;
    }
    this.#releaseFence(input, at);
    this.#noteRequest(input.readUInt8(at));
    this.#bodyLeft = length;
    const canBeTaken = !isTooLong && this.#isUnderstood(message.needs(input, at));
    if (!canBeTaken) this.onLeftOut(message.name);
    this.#forwardsBody =
      canBeTaken && isMessageAllowed(message, this.#policy) && !this.#isHeld(message, input, at);
    if (this.#forwardsBody && message.control) this.#noteInput(message, input, at);
    return this.#forwardBody(input, at);
  }

  /** A release may be late; without it a key would stay down. A pointer that only moves releases nothing. */
  #isHeld(message: ClientMessage, input: Buffer, at: number): boolean {
    if (!message.control || this.#policy.holdsInput !== true) return false;
    const movesOnly = input.readUInt8(at) === ClientMessageType.pointerEvent && !this.#hasButtonDown;
    return movesOnly || !message.isRelease?.(input, at);
  }

  #noteInput(message: ClientMessage, input: Buffer, at: number): void {
    const isRelease = message.isRelease?.(input, at) === true;
    if (input.readUInt8(at) === ClientMessageType.pointerEvent) this.#hasButtonDown = !isRelease;
    if (!isRelease) this.onInput();
  }

  /** Called for each message that is passed on and acts on the desktop, releases and mere movements excepted. */
  protected onInput(): void {
    // For subclasses that tell somebody.
  }

  /** Called for each message that the server could not take: it is too long, or was not negotiated. */
  protected onLeftOut(_name: string): void {
    // For subclasses that report it.
  }

  /** How many bytes of this message have to be there before any is forwarded; 0: they pass while they come. */
  #countWholeBytes(type: number, length: number): number {
    if (type === ClientMessageType.setEncodings) return Math.min(length, MAX_SET_ENCODINGS_BYTES);
    if (!this.#format) return 0;
    return type === ClientMessageType.setPixelFormat || type === ClientMessageType.fence ? length : 0;
  }

  #forwardWhole(input: Buffer, at: number, end: number): number {
    const type = input.readUInt8(at);
    if (type === ClientMessageType.setPixelFormat) return this.#forwardPixelFormat(input, at, end);
    this.#releaseFence(input, at);
    if (type === ClientMessageType.fence) return this.#forwardFence(input, at, end);
    return this.#forwardEncodings(input, at, end);
  }

  #forwardBody(input: Buffer, at: number): number {
    const length = Math.min(this.#bodyLeft, input.length - at);
    this.#bodyLeft -= length;
    if (!this.#forwardsBody) this.endRun(input, at);
    else this.extendRun(at);
    return at + length;
  }

  #forwardEncodings(input: Buffer, at: number, end: number): number {
    const original = input.subarray(at, end);
    const edited = editSetEncodings(original, (encoding) => isAllowedEncoding(encoding, this.#policy));
    this.#understood = new Set(edited.encodings);
    if (edited.message === original) {
      this.extendRun(at);
    } else {
      this.endRun(input, at);
      this.forward(edited.message);
    }
    return end;
  }

  /**
   * A Fence with SyncNext is held until the next message: that may be a SetPixelFormat, which replaces it
   * with another one.
   */
  #forwardFence(input: Buffer, at: number, end: number): number {
    const wire = input.subarray(at, end);
    const fence = readFence(wire);
    const understood = this.#isUnderstood(PseudoEncoding.fence);
    if (understood && hasFlag(fence, FenceFlag.request) && hasFlag(fence, FenceFlag.syncNext)) {
      this.endRun(input, at);
      this.#fence = Buffer.from(wire);
    } else if (!understood) {
      this.endRun(input, at);
    } else this.extendRun(at);
    return end;
  }

  #forwardPixelFormat(input: Buffer, at: number, end: number): number {
    const parsed = parseAll(readPixelFormat(), input.subarray(at + PIXEL_FORMAT_AT, end));
    if (!this.#format || !("value" in parsed)) throw new Error("a SetPixelFormat that was not seen whole");
    const viewers = this.#fence ? readFence(this.#fence) : null;
    const listed = this.#isUnderstood(PseudoEncoding.fence);
    const fence = this.#format.onSetPixelFormat(parsed.value, viewers, listed);
    if (fence) {
      this.#fence = undefined;
      this.endRun(input, at);
      this.forward(fence);
    }
    this.#releaseFence(input, at);
    this.extendRun(at);
    return end;
  }

  #releaseFence(input: Buffer, at: number): void {
    const fence = this.#fence;
    if (!fence) return;
    this.#fence = undefined;
    this.endRun(input, at);
    this.forward(fence);
  }

  #noteRequest(type: number): void {
    if (
      type === ClientMessageType.framebufferUpdateRequest ||
      type === ClientMessageType.enableContinuousUpdates
    )
      this.#format?.onUpdateRequest();
  }

  #isUnderstood(requirement: Requirement): boolean {
    return requirement === "always" || (requirement !== "never" && this.#understood.has(requirement));
  }
}
