/**
 * Encodings, S32 in SetEncodings and in each rectangle.
 * @see RFC 6143 §7.7 and the registry of the community's RFB specification
 */
export const Encoding = {
  raw: 0,
  copyRect: 1,
  rre: 2,
  coRre: 4,
  hextile: 5,
  zlib: 6,
  tight: 7,
  zlibHex: 8,
  trle: 15,
  zrle: 16,
  jpeg: 21,
  h264: 50,
  tightPng: -260,
  tightWithoutZlib: -317,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** Pseudo-encodings say what a viewer understands: extensions are negotiated by them. */
export const PseudoEncoding = {
  desktopSize: -223,
  lastRect: -224,
  pointerPosition: -232,
  cursor: -239,
  xCursor: -240,
  qemuPointerMotion: -257,
  qemuExtendedKey: -258,
  qemuAudio: -259,
  ledState: -261,
  gii: -305,
  desktopName: -307,
  extendedDesktopSize: -308,
  xvp: -309,
  fence: -312,
  continuousUpdates: -313,
  cursorWithAlpha: -314,
  extendedMouseButtons: -316,
  extendedClipboard: 0xc0a1e5ce | 0,
  vmwareCursor: 0x574d5664,
  vmwareLedState: 0x574d5668,
  serverMessages: 0xfffe0001 | 0,
  serverEncodings: 0xfffe0002 | 0,
  serverIdentity: 0xfffe0003 | 0,
  ultraServerState: 0xffff8000 | 0,
  ultraKeepAlive: 0xffff8001 | 0,
  ultraFileTransfer: 0xffff8002 | 0,
  ultraSession: 0xffff8003 | 0,
  ultraIdleTime: 0xffff8004 | 0,
  ultraPluginStreaming: 0xc0a1e5cf | 0,
} as const;
export type PseudoEncoding = (typeof PseudoEncoding)[keyof typeof PseudoEncoding];

const NAMES = new Map<number, string>(
  [...Object.entries(Encoding), ...Object.entries(PseudoEncoding)].map(([name, code]) => [code, name]),
);

/** Numbers up to here, from 0, are encodings of rectangles; extensions have negative or very large numbers. */
const LAST_RECTANGLE_ENCODING = 255;

/** Levels of quality and compression, in TightVNC's and TurboVNC's numbers. */
export function isLevel(encoding: number): boolean {
  return (
    (encoding >= -32 && encoding <= -23) ||
    (encoding >= -256 && encoding <= -247) ||
    (encoding >= -512 && encoding <= -412) ||
    (encoding >= -768 && encoding <= -763)
  );
}

/** Whether it is certain which messages this encoding leads to. */
export function isKnownEncoding(encoding: number): boolean {
  return NAMES.has(encoding) || isLevel(encoding) || (encoding >= 0 && encoding <= LAST_RECTANGLE_ENCODING);
}

/** The name for logs, levels included; unregistered numbers in decimal. */
export function nameEncoding(code: number): string {
  if (code >= -32 && code <= -23) return `jpegQuality${code + 32}`;
  if (code >= -256 && code <= -247) return `compression${code + 256}`;
  return NAMES.get(code) ?? String(code);
}
