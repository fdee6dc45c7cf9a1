import { MAX_CUT_TEXT_BYTES } from "../../../protocol/rfb/cut-text.ts";

/** How much of a text is more than a desktop's clipboard is sent, in bytes. 0: nothing. */
export function countExcessBytes(text: string): number {
  return Math.max(0, new TextEncoder().encode(text).length - MAX_CUT_TEXT_BYTES);
}
