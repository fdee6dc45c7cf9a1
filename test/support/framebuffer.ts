import type { ByteReader } from "./byte-reader.ts";
import { Bitmap } from "./bitmap.ts";

export const RectangleEncoding = {
  raw: 0,
  copyRect: 1,
  cursor: -239,
  desktopSize: -223,
  desktopName: -307,
} as const;

export interface UpdateRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly encoding: number;
  /** The name of a DesktopName rectangle. */
  readonly name?: string;
}

const BYTES_PER_PIXEL = 4;

/** What a viewer knows of the screen: 32-bit pixels, red first, kept as RGBA. */
export class Framebuffer {
  width = 0;
  height = 0;
  #pixels: Buffer = Buffer.alloc(0);
  readonly #reader: ByteReader;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#pixels = Buffer.alloc(width * height * BYTES_PER_PIXEL);
  }

  get picture(): Bitmap {
    return new Bitmap(this.width, this.height, this.#pixels);
  }

  /** Reads messages up to and with the next FramebufferUpdate; bells, colour maps and clipboards are passed over. */
  async readUpdate(): Promise<UpdateRectangle[]> {
    for (;;) {
      const [type] = await this.#reader.read(1);
      if (type === 0) return this.#readRectangles();
      if (type === 1) await this.#skipColourMap();
      else if (type === 3) await this.#skipCutText();
      else if (type !== 2) throw new Error(`The scripted viewer does not know message type ${type}.`);
    }
  }

  async #skipColourMap(): Promise<void> {
    const head = await this.#reader.read(5);
    await this.#reader.read(6 * head.readUInt16BE(3));
  }

  async #skipCutText(): Promise<void> {
    const head = await this.#reader.read(7);
    await this.#reader.read(Math.abs(head.readInt32BE(3)));
  }

  async #readRectangles(): Promise<UpdateRectangle[]> {
    const count = (await this.#reader.read(3)).readUInt16BE(1);
    const rectangles: UpdateRectangle[] = [];
    for (let index = 0; index < count; index += 1) rectangles.push(await this.#readRectangle());
    return rectangles;
  }

  async #readRectangle(): Promise<UpdateRectangle> {
    const head = await this.#reader.read(12);
    const [x, y, width, height] = [0, 2, 4, 6].map((offset) => head.readUInt16BE(offset)) as [
      number,
      number,
      number,
      number,
    ];
    const rectangle = { x, y, width, height, encoding: head.readInt32BE(8) };
    switch (rectangle.encoding) {
      case RectangleEncoding.raw:
        this.#paste(rectangle, await this.#reader.read(width * height * BYTES_PER_PIXEL));
        return rectangle;
      case RectangleEncoding.copyRect: {
        const from = await this.#reader.read(4);
        this.#paste(rectangle, this.#cut(from.readUInt16BE(0), from.readUInt16BE(2), width, height));
        return rectangle;
      }
      case RectangleEncoding.cursor:
        await this.#reader.read(width * height * BYTES_PER_PIXEL + Math.ceil(width / 8) * height);
        return rectangle;
      case RectangleEncoding.desktopSize:
        this.resize(width, height);
        return rectangle;
      case RectangleEncoding.desktopName: {
        const length = (await this.#reader.read(4)).readUInt32BE(0);
        return { ...rectangle, name: (await this.#reader.read(length)).toString("utf8") };
      }
      default:
        throw new Error(`The scripted viewer does not know encoding ${rectangle.encoding}.`);
    }
  }

  #cut(x: number, y: number, width: number, height: number): Buffer {
    const rows = Array.from({ length: height }, (_, row) => {
      const start = ((y + row) * this.width + x) * BYTES_PER_PIXEL;
      return this.#pixels.subarray(start, start + width * BYTES_PER_PIXEL);
    });
    return Buffer.concat(rows);
  }

  /** The wire's padding byte becomes an opaque alpha. */
  #paste({ x, y, width, height }: UpdateRectangle, bytes: Buffer): void {
    for (let row = 0; row < height; row += 1) {
      const target = ((y + row) * this.width + x) * BYTES_PER_PIXEL;
      bytes.copy(this.#pixels, target, row * width * BYTES_PER_PIXEL, (row + 1) * width * BYTES_PER_PIXEL);
      for (let pixel = 0; pixel < width; pixel += 1) this.#pixels[target + pixel * BYTES_PER_PIXEL + 3] = 255;
    }
  }
}
