import type { Duplex } from "node:stream";
import { ByteReader } from "./byte-reader.ts";

/** PixelFormat as 16 bytes: bits, depth, big-endian, true colour, maxima, shifts. */
export const WIRE_FORMATS = {
  native32: [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0],
  bigEndian32: [32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 24, 16, 8, 0, 0, 0],
  rgb565: [16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0],
  bigEndian565: [16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0],
  bgr233: [8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6, 0, 0, 0],
  colourMap8: [8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
} as const;

const [RAW, HEXTILE, CURSOR, DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE, DESKTOP_NAME] = [
  0, 5, -239, -223, -308, -307,
];

export interface FormatRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly encoding: number;
  readonly name?: string;
}

/** A scripted viewer from ServerInit on, for every pixel format; it shares no code with the product. */
export class FormatViewer {
  readonly reader: ByteReader;
  readonly #stream: Duplex;
  width = 0;
  height = 0;
  name = "";
  /** One number for each pixel, 0xRRGGBB at the format's own exactness. */
  pixels = new Uint32Array(0);
  #format: readonly number[] = WIRE_FORMATS.native32;
  #map: number[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.reader = new ByteReader(stream);
  }

  async readServerInit(): Promise<void> {
    const init = await this.reader.read(24);
    this.resize(init.readUInt16BE(0), init.readUInt16BE(2));
    this.name = (await this.reader.read(init.readUInt32BE(20))).toString();
  }

  resize(width: number, height: number): void {
    [this.width, this.height] = [width, height];
    this.pixels = new Uint32Array(width * height);
  }

  write(...bytes: readonly number[]): void {
    this.#stream.write(Buffer.from(bytes));
  }

  setFormat(format: readonly number[]): void {
    this.#format = format;
    this.write(0, 0, 0, 0, ...format);
  }

  setEncodings(...encodings: readonly number[]): void {
    const message = Buffer.alloc(4 + 4 * encodings.length);
    message[0] = 2;
    message.writeUInt16BE(encodings.length, 2);
    encodings.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
    this.#stream.write(message);
  }

  requestUpdate(incremental = false): void {
    const size = [this.width >> 8, this.width & 255, this.height >> 8, this.height & 255];
    this.write(3, incremental ? 1 : 0, 0, 0, 0, 0, ...size);
  }

  pressKey(keysym: number): void {
    const key = [0, 0, (keysym >>> 24) & 255, (keysym >>> 16) & 255, (keysym >>> 8) & 255, keysym & 255];
    this.write(4, 1, ...key, 4, 0, ...key);
  }

  type(text: string): void {
    for (const character of text) this.pressKey(character.codePointAt(0)!);
  }

  click(x: number, y: number, button = 1): void {
    const place = [x >> 8, x & 255, y >> 8, y & 255];
    this.write(5, button, ...place, 5, 0, ...place);
  }

  sendCutText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.write(6, 0, 0, 0, 0, 0, bytes.length >> 8, bytes.length & 255, ...bytes);
  }

  /** The next FramebufferUpdate; colour maps before it are taken. */
  async readUpdate(): Promise<FormatRectangle[]> {
    for (;;) {
      const [type] = await this.reader.read(1);
      if (type === 1) await this.#readColourMap();
      else if (type === 0) break;
      else throw new Error(`message type ${type}`);
    }
    const count = (await this.reader.read(3)).readUInt16BE(1);
    const rectangles: FormatRectangle[] = [];
    for (let index = 0; index < count; index++) rectangles.push(await this.#readRectangle());
    return rectangles;
  }

  async #readColourMap(): Promise<void> {
    const head = await this.reader.read(5);
    const [first, count] = [head.readUInt16BE(1), head.readUInt16BE(3)];
    const entries = await this.reader.read(6 * count);
    for (let index = 0; index < count; index++) {
      const [red, green, blue] = [0, 2, 4].map((at) => entries.readUInt16BE(6 * index + at) >> 8);
      this.#map[first + index] = (red! << 16) | (green! << 8) | blue!;
    }
  }

  async #readRectangle(): Promise<FormatRectangle> {
    const head = await this.reader.read(12);
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [
      ...[number, number, number, number],
    ];
    const encoding = head.readInt32BE(8);
    const rectangle = { x, y, width, height, encoding };
    const bytes = this.#format[0]! / 8;
    if (encoding === RAW) {
      const wire = await this.reader.read(width * height * bytes);
      this.#fill(rectangle, (at) => this.#decode(wire, at * bytes));
    } else if (encoding === HEXTILE) await this.#readHextile(rectangle, bytes);
    else if (encoding === CURSOR)
      await this.reader.read(width * height * bytes + Math.ceil(width / 8) * height);
    else if (encoding === DESKTOP_SIZE) this.resize(width, height);
    else if (encoding === EXTENDED_DESKTOP_SIZE) {
      await this.reader.read(16 * (await this.reader.read(4))[0]!);
      if (y === 0) this.resize(width, height);
    } else if (encoding === DESKTOP_NAME) {
      const length = (await this.reader.read(4)).readUInt32BE(0);
      this.name = (await this.reader.read(length)).toString();
      return { ...rectangle, name: this.name };
    } else throw new Error(`encoding ${encoding}`);
    return rectangle;
  }

  async #readHextile({ x, y, width, height }: FormatRectangle, bytes: number): Promise<void> {
    for (let top = y; top < y + height; top += 16)
      for (let left = x; left < x + width; left += 16) {
        const tile = {
          x: left,
          y: top,
          width: Math.min(16, x + width - left),
          height: Math.min(16, y + height - top),
        };
        const mask = (await this.reader.read(1))[0]!;
        if (mask & 1) {
          const wire = await this.reader.read(tile.width * tile.height * bytes);
          this.#fill({ ...tile, encoding: 0 }, (at) => this.#decode(wire, at * bytes));
          continue;
        }
        const background = this.#decode(await this.reader.read(bytes), 0);
        this.#fill({ ...tile, encoding: 0 }, () => background);
        const count = mask & 8 ? (await this.reader.read(1))[0]! : 0;
        for (let index = 0; index < count; index++) {
          const colour = this.#decode(await this.reader.read(bytes), 0);
          const [at, size] = [...(await this.reader.read(2))] as [number, number];
          const area = {
            x: left + (at >> 4),
            y: top + (at & 15),
            width: (size >> 4) + 1,
            height: (size & 15) + 1,
          };
          this.#fill({ ...area, encoding: 0 }, () => colour);
        }
      }
  }

  #fill({ x, y, width, height }: FormatRectangle, colourAt: (at: number) => number): void {
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        this.pixels[(y + row) * this.width + x + column] = colourAt(row * width + column);
  }

  #decode(wire: Buffer, at: number): number {
    const [bits = 0, , isBigEndian, isTrueColour] = this.#format;
    const value = isBigEndian ? wire.readUIntBE(at, bits / 8) : wire.readUIntLE(at, bits / 8);
    if (!isTrueColour) return this.#map[value] ?? -1;
    return [4, 6, 8].reduce((sum, maxAt, index) => {
      const max = (this.#format[maxAt]! << 8) | this.#format[maxAt + 1]!;
      const level = Math.floor(value / 2 ** this.#format[10 + index]!) & max;
      return sum * 256 + Math.round((level * 255) / max);
    }, 0);
  }
}
