import { randomBytes } from "node:crypto";
import { ProtocolError } from "../../errors.ts";
import { encodeFence, FenceFlag, hasFlag, type Fence } from "../fence.ts";
import type { PixelFormat } from "../pixel-format.ts";
import { refuseStream } from "./skip-grammar.ts";
import { isSameLength, measurePixels, type PixelLengths } from "./pixel-lengths.ts";

/** Changes of the pixel format that may wait for the server's answer. */
export const MAX_FORMAT_CHANGES = 16;
const FENCE_PAYLOAD_BYTES = 16;

interface PendingChange {
  readonly payload: Buffer;
  readonly lengths: PixelLengths;
  /** The viewer's own fence, which the proxy's fence replaces: it is answered together with that one. */
  readonly viewerFence: Fence | null;
}

/**
 * Tracks the pixel format of the server's stream. The viewer changes it, and the server applies the change at
 * some later position of its stream, which must be known exactly. Before the first update request, that is
 * the beginning. Afterwards it is where the server answers a Fence that was sent before the change (SyncNext:
 * everything before the answer is in the old format, everything after it in the new one). Without Fence, a
 * change of pixel lengths is refused.
 */
export class PixelFormatTracker {
  #current: PixelLengths;
  #latest: PixelLengths;
  #updateRequested = false;
  #serverKnowsFence = false;
  readonly #changes: PendingChange[] = [];

  constructor(initial: PixelFormat) {
    this.#current = measurePixels(initial);
    this.#latest = this.#current;
  }

  /** The format of an update that begins now. */
  get current(): PixelLengths {
    return this.#current;
  }

  /** From now on the server may send pixels. */
  onUpdateRequest(): void {
    this.#updateRequested = true;
  }

  /**
   * The viewer sends a SetPixelFormat.
   * @param viewers the viewer's own fence for the next message, sent directly before it
   * @param fenceListed whether the viewer's latest SetEncodings contains Fence
   * @returns the fence to send before it; null: the viewer's fence, if there is one, is forwarded unchanged
   * @throws ProtocolError `RFB_PIXEL_FORMAT_LATE`
   */
  onSetPixelFormat(format: PixelFormat, viewers: Fence | null, fenceListed: boolean): Buffer | null {
    const lengths = measurePixels(format);
    if (!this.#updateRequested) {
      this.#current = lengths;
      this.#latest = lengths;
      return null;
    }
    if (isSameLength(lengths, this.#latest)) return null;
    if (!this.#serverKnowsFence || !fenceListed || this.#changes.length >= MAX_FORMAT_CHANGES) refuseChange();
    this.#latest = lengths;
    const mark = randomBytes(FENCE_PAYLOAD_BYTES);
    this.#changes.push({ payload: mark, lengths, viewerFence: viewers });
    const flags = (viewers?.flags ?? 0) | FenceFlag.request | FenceFlag.syncNext;
    return encodeFence({ flags, payload: mark });
  }

  /**
   * The server sends a Fence.
   * @returns what is forwarded to the viewer in its place; null: nothing; undefined: the Fence, unchanged
   * @throws ProtocolError `RFB_SERVER_STREAM` when the server did not do what the fence asked
   */
  onServerFence(fence: Fence): Buffer | null | undefined {
    this.#serverKnowsFence = true;
    const [next] = this.#changes;
    if (hasFlag(fence, FenceFlag.request) || !next?.payload.equals(fence.payload)) return undefined;
    if (!hasFlag(fence, FenceFlag.syncNext)) refuseStream("a Fence that was not kept");
    this.#changes.shift();
    this.#current = next.lengths;
    return next.viewerFence && encodeFence({ flags: fence.flags, payload: next.viewerFence.payload });
  }
}

function refuseChange(): never {
  throw new ProtocolError(
    "RFB_PIXEL_FORMAT_LATE",
    "the pixel format changed at a place of the server's stream that cannot be known",
    {
      safeMessage: "The viewer changed its colours, which this session does not allow. Choose fixed colours.",
    },
  );
}
