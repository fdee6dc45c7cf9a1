import type { StreamGrammar } from "./stream-walker.ts";

const Encoding = { raw: 0, copyRect: 1, tight: 7, zrle: 16 } as const;
const BYTES_PER_PIXEL = 4;
const BYTES_PER_TIGHT_PIXEL = 3;
/** Shorter data of Tight is sent as it is, without a length. */
const TIGHT_MIN_COMPRESSED_BYTES = 12;
const JPEG_QUALITY_6 = -26;
const COMPRESSION_2 = -254;

/** What a browser's viewer asks for, as far as {@link readUpdates} knows it; best first. */
export const WANTED_ENCODINGS: readonly number[] = [
  Encoding.tight,
  Encoding.zrle,
  Encoding.copyRect,
  Encoding.raw,
  JPEG_QUALITY_6,
  COMPRESSION_2,
];

/** 32 bits per pixel, 24 of them colour, blue first: what makes a pixel of Tight three bytes. */
export const WANTED_PIXEL_FORMAT = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);

/** A VNC server's messages after ServerInit; pixels pass undecoded. @param onUpdate a FramebufferUpdate is complete */
export function* readUpdates(onUpdate: () => void): StreamGrammar {
  for (;;) {
    const type = (yield 1).readUInt8(0);
    if (type === 0) {
      yield* passRectangles();
      onUpdate();
    } else if (type === 1) yield -6 * (yield 5).readUInt16BE(3);
    else if (type === 3) yield -Math.abs((yield 7).readInt32BE(3));
    else if (type !== 2) throw new Error(`The VNC server sent a message of type ${type}.`);
  }
}

type Passage = Generator<number, void, Buffer>;

function* passRectangles(): Passage {
  const count = (yield 3).readUInt16BE(1);
  for (let index = 0; index < count; index += 1) {
    const head = yield 12;
    yield* passPixels(head.readInt32BE(8), head.readUInt16BE(4), head.readUInt16BE(6));
  }
}

function* passPixels(encoding: number, width: number, height: number): Passage {
  switch (encoding) {
    case Encoding.raw:
      yield -width * height * BYTES_PER_PIXEL;
      return;
    case Encoding.copyRect:
      yield -4;
      return;
    case Encoding.zrle:
      yield -(yield 4).readUInt32BE(0);
      return;
    case Encoding.tight:
      yield* passTight(width, height);
      return;
    default:
      throw new Error(`The VNC server sent a rectangle in the encoding ${encoding}.`);
  }
}

const TightControl = { explicitFilter: 4, fill: 8, jpeg: 9 } as const;
const TightFilter = { copy: 0, palette: 1, gradient: 2 } as const;

/** U8 control, then a colour, a JPEG picture, or pixels behind a filter. */
function* passTight(width: number, height: number): Passage {
  const control = (yield 1).readUInt8(0) >> 4;
  if (control === TightControl.fill) {
    yield -BYTES_PER_TIGHT_PIXEL;
    return;
  }
  if (control === TightControl.jpeg) {
    yield -(yield* readCompactLength());
    return;
  }
  if (control > TightControl.jpeg) throw new Error(`A Tight rectangle has the control ${control}.`);
  const filter = control & TightControl.explicitFilter ? (yield 1).readUInt8(0) : TightFilter.copy;
  const length =
    filter === TightFilter.palette
      ? yield* readPalette(width, height)
      : width * height * BYTES_PER_TIGHT_PIXEL;
  yield -(length < TIGHT_MIN_COMPRESSED_BYTES ? length : yield* readCompactLength());
}

/** Returns how many bytes the indices into the palette have. */
function* readPalette(width: number, height: number): Generator<number, number, Buffer> {
  const colours = (yield 1).readUInt8(0) + 1;
  yield -colours * BYTES_PER_TIGHT_PIXEL;
  return colours === 2 ? Math.ceil(width / 8) * height : width * height;
}

/** 7 bits in each byte but the third, the lowest first; the highest bit says that another byte follows. */
function* readCompactLength(): Generator<number, number, Buffer> {
  let length = 0;
  for (const shift of [0, 7, 14]) {
    const byte = (yield 1).readUInt8(0);
    if (shift === 14) return length | (byte << shift);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return length;
}
