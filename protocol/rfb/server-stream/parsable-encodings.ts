import { Encoding, PseudoEncoding } from "../encodings.ts";

/**
 * Encodings whose length in the server's stream can be determined exactly. JPEG and TRLE have no length of
 * their own; implementations of Tight without zlib differ; extendedMouseButtons, DesktopName and the like are
 * never forwarded to a server anyway.
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
 * Levels of quality and compression do not affect parsing. Exception: some servers answer compression level 0
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
