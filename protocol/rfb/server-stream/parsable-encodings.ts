import { Encoding, isLevel, PseudoEncoding } from "../encodings.ts";

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

/** Some servers answer it with Tight rectangles without zlib. */
const COMPRESSION_0 = -256;

export function isParsableEncoding(encoding: number): boolean {
  return PARSABLE.has(encoding) || (isLevel(encoding) && encoding !== COMPRESSION_0);
}
