import { encodeLengthPrefixed, encodeU8 } from "../bytes/encoders.ts";
import { PseudoEncoding } from "./encodings.ts";

/** Why an ExtendedDesktopSize rectangle is sent: the server changed it, or this viewer asked. */
const REASON_SERVER = 0;
const REASON_THIS_VIEWER = 1;
const STATUS_PROHIBITED = 1;

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** Place, size and encoding of a rectangle, or of what a pseudo-encoding tells. @see RFC 6143 §7.6.1 */
export function encodeRectangleHead(
  { x, y, width, height }: ScreenSize & { readonly x: number; readonly y: number },
  encoding: number,
): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(x, 0);
  head.writeUInt16BE(y, 2);
  head.writeUInt16BE(width, 4);
  head.writeUInt16BE(height, 6);
  head.writeInt32BE(encoding, 8);
  return head;
}

/** From here on the screen has this size. @see RFC 6143 §7.8.2 */
export function encodeDesktopSize(size: ScreenSize): Buffer {
  return encodeRectangleHead({ x: 0, y: 0, ...size }, PseudoEncoding.desktopSize);
}

/** The same for viewers that know only this one; one screen fills the desktop. */
export function encodeExtendedDesktopSize(size: ScreenSize): Buffer {
  return extendedDesktopSize(REASON_SERVER, 0, size);
}

/** The answer to a SetDesktopSize that is not followed. */
export function encodeSizeRefusal(size: ScreenSize): Buffer {
  return extendedDesktopSize(REASON_THIS_VIEWER, STATUS_PROHIBITED, size);
}

/** U8 number of screens, 3 bytes of padding; each screen U32 id, U16 x, y, width, height, U32 flags. */
function extendedDesktopSize(reason: number, status: number, size: ScreenSize): Buffer {
  const screen = Buffer.alloc(16);
  screen.writeUInt16BE(size.width, 8);
  screen.writeUInt16BE(size.height, 10);
  return Buffer.concat([
    encodeRectangleHead({ x: reason, y: status, ...size }, PseudoEncoding.extendedDesktopSize),
    Buffer.from([1, 0, 0, 0]),
    screen,
  ]);
}

export function encodeDesktopName(name: string): Buffer {
  const nowhere = { x: 0, y: 0, width: 0, height: 0 };
  return Buffer.concat([
    encodeRectangleHead(nowhere, PseudoEncoding.desktopName),
    encodeLengthPrefixed(name),
  ]);
}

/**
 * The pointer's shape, drawn by the viewer; the place is that of its tip.
 * @param pixels in the viewer's format, rows from the top
 * @param mask one bit for each pixel that is seen, rows padded to bytes
 * @see RFC 6143 §7.8.1
 */
export function encodeCursor(
  size: ScreenSize,
  tip: { readonly x: number; readonly y: number },
  pixels: Buffer,
  mask: Buffer,
): Buffer {
  return Buffer.concat([encodeRectangleHead({ ...tip, ...size }, PseudoEncoding.cursor), pixels, mask]);
}

/** FramebufferUpdateRequest. @see RFC 6143 §7.5.3 */
export function encodeUpdateRequest(incremental: boolean, { width, height }: ScreenSize): Buffer {
  const out = Buffer.concat([encodeU8(3), encodeU8(incremental ? 1 : 0), Buffer.alloc(8)]);
  out.writeUInt16BE(width, 6);
  out.writeUInt16BE(height, 8);
  return out;
}

/** SetPixelFormat: U8 0, 3 bytes of padding, PixelFormat. @see RFC 6143 §7.5.1 */
export function encodeSetPixelFormat(pixelFormat: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(4), pixelFormat]);
}
