import { encodeLengthPrefixed, encodeU16, encodeU8 } from "../bytes/encoders.ts";
import { text, u16, type Grammar } from "../bytes/grammar.ts";
import { encodePixelFormat, readPixelFormat, type PixelFormat } from "./pixel-format.ts";

/** ServerInit: the size of the screen in pixels, its format and the desktop's name. @see RFC 6143 §7.3.2 */
export interface ServerInit {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: PixelFormat;
  readonly name: string;
}

/** The longest name accepted, in bytes. */
export const MAX_DESKTOP_NAME_BYTES = 4096;

/** @throws ProtocolError `RFB_PIXEL_FORMAT`, LimitError `LENGTH_LIMIT` */
export function* serverInit(maxNameBytes: number = MAX_DESKTOP_NAME_BYTES): Grammar<ServerInit> {
  const width = yield* u16();
  const height = yield* u16();
  const pixelFormat = yield* readPixelFormat();
  return { width, height, pixelFormat, name: yield* text(maxNameBytes, "ServerInit.name") };
}

export function encodeServerInit(value: ServerInit): Buffer {
  return Buffer.concat([
    encodeU16(value.width),
    encodeU16(value.height),
    encodePixelFormat(value.pixelFormat),
    encodeLengthPrefixed(value.name),
  ]);
}

/** ClientInit, one byte. @see RFC 6143 §7.3.1 */
export function encodeClientInit(shared: boolean): Buffer {
  return encodeU8(shared ? 1 : 0);
}
