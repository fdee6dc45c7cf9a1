/** A clipboard that a viewer sends, in bytes: a longer one does not reach the desktop. */
export const MAX_CUT_TEXT_BYTES = 256 * 1024;
