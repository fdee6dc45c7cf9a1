import { Encoding, PseudoEncoding } from "../encodings.ts";

/**
 * Encodings whose length in the server's stream can be told exactly. JPEG and TRLE have none of their own; of Tight without
 * zlib the implementations disagree; extendedMouseButtons, DesktopName and the like are never told to a server anyway.
 */
const PARSABLE: ReadonlySet<number> = new Set<number>([
  Encoding.raw,
  Encoding.copyRect,
  Encoding.rre,
  Encoding.coRre,
  Encoding.hextile,
  Encoding.zlib,
  Encoding.tight,
  Encoding.zrle,
  Encoding.h264,
  Encoding.tightPng,
  PseudoEncoding.desktopSize,
  PseudoEncoding.lastRect,
  PseudoEncoding.cursor,
  PseudoEncoding.xCursor,
  PseudoEncoding.qemuPointerMotion,
  PseudoEncoding.qemuExtendedKey,
  PseudoEncoding.qemuAudio,
  PseudoEncoding.ledState,
  PseudoEncoding.gii,
  PseudoEncoding.extendedDesktopSize,
  PseudoEncoding.xvp,
  PseudoEncoding.fence,
  PseudoEncoding.continuousUpdates,
  PseudoEncoding.cursorWithAlpha,
]);

/**
 * Levels of quality and compression change nothing that counts, but for compression 0: some servers answer it
 * with Tight rectangles without zlib.
 */
function isLevel(encoding: number): boolean {
  return (
    (encoding >= -32 && encoding <= -23) ||
    (encoding >= -255 && encoding <= -247) ||
    (encoding >= -512 && encoding <= -412) ||
    (encoding >= -768 && encoding <= -763)
  );
}

export function isParsableEncoding(encoding: number): boolean {
  return PARSABLE.has(encoding) || isLevel(encoding);
}
