import { MAX_CUT_TEXT_BYTES } from "../../../protocol/rfb/cut-text.ts";

/**
 * How much of a text is more than a desktop's clipboard is sent, in bytes. 0: nothing. It counts what noVNC makes of the text for
 * the extended clipboard: each line ends with CR LF, and a NUL ends all. VNC servers drop a longer one after it was announced,
 * and the desktop waits for it with an empty clipboard. The older message is never longer.
 */
export function countExcessBytes(text: string): number {
  const sent = text.replace(/\r\n|\r|\n/g, "\r\n");
  return Math.max(0, new TextEncoder().encode(sent).length + 1 - MAX_CUT_TEXT_BYTES);
}
