import {
  findGlyph,
  findSmoothGlyph,
  GLYPH_ADVANCE,
  GLYPH_COLUMNS,
  GLYPH_ROWS,
  SMOOTH_ABOVE,
  SMOOTH_ADVANCE,
  SMOOTH_COLUMNS,
} from "./bitmap-font.ts";

/** A colour as 0xRRGGBB. */
export type Colour = number;

/** A picture in memory, or a strip of a taller one; drawing is clipped to it. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** One colour for each pixel, rows from the top. */
  readonly pixels: Uint32Array;
  /** The row of the whole picture that comes first here. */
  top = 0;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height);
  }

  fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    const [left, right] = [Math.max(0, x), Math.min(this.width, x + width)];
    const [top, bottom] = [Math.max(0, y - this.top), Math.min(this.height, y - this.top + height)];
    if (left >= right) return;
    for (let row = top; row < bottom; row++)
      this.pixels.fill(colour, row * this.width + left, row * this.width + right);
  }

  /** A filled rectangle with rounded corners. */
  fillRounded(x: number, y: number, width: number, height: number, radius: number, colour: Colour): void {
    for (let row = 0; row < height; row++) {
      const fromEdge = Math.min(row, height - 1 - row);
      const rise = Math.max(0, radius - fromEdge - 0.5);
      const inset = Math.round(radius - Math.sqrt(radius * radius - rise * rise));
      this.fill(x + inset, y + row, width - 2 * inset, 1, colour);
    }
  }

  fillCircle(x: number, y: number, radius: number, colour: Colour): void {
    for (let row = -radius; row <= radius; row++) {
      const half = Math.round(Math.sqrt(radius * radius - row * row));
      this.fill(x - half, y + row, 2 * half + 1, 1, colour);
    }
  }

  /** A line, two pixels thick. */
  drawLine(x1: number, y1: number, x2: number, y2: number, colour: Colour): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1))));
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(x1 + ((x2 - x1) * step) / steps);
      const y = Math.round(y1 + ((y2 - y1) * step) / steps);
      this.fill(x, y, 2, 2, colour);
    }
  }

  /** One line of text, its top left corner at x, y. @param scale pixels for each dot of the font */
  drawText(x: number, y: number, text: string, scale: number, colour: Colour): void {
    let left = x;
    for (const character of text) {
      const glyph = findGlyph(character);
      for (let row = 0; row < GLYPH_ROWS; row++) {
        for (let column = 0; column < GLYPH_COLUMNS; column++) {
          if (((glyph[row] ?? 0) >> (GLYPH_COLUMNS - 1 - column)) & 1)
            this.fill(left + column * scale, y + row * scale, scale, scale, colour);
        }
      }
      left += GLYPH_ADVANCE * scale;
    }
  }

  /** One line of text with rounded strokes, of one size: the top left corner of its capitals at x, y. */
  drawSmoothText(x: number, y: number, text: string, colour: Colour): void {
    let left = x;
    for (const character of text) {
      findSmoothGlyph(character).forEach((bits, row) => {
        const line = y + row - SMOOTH_ABOVE;
        if (bits === 0 || line < this.top || line >= this.top + this.height) return;
        for (let column = 0; column < SMOOTH_COLUMNS; column++)
          if ((bits >> (SMOOTH_COLUMNS - 1 - column)) & 1) this.fill(left + column, line, 1, 1, colour);
      });
      left += SMOOTH_ADVANCE;
    }
  }
}

/** A colour between two others. @param share 0: the first, 1: the second */
export function mixColours(first: Colour, second: Colour, share: number): Colour {
  const part = (shift: number): number => {
    const [from, to] = [(first >> shift) & 0xff, (second >> shift) & 0xff];
    return Math.round(from + (to - from) * share) << shift;
  };
  return part(16) | part(8) | part(0);
}
