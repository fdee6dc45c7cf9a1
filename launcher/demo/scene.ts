import { findCharacter, mixColours, type Canvas } from "../../protocol/index.ts";
import { nameKey } from "./key-names.ts";
import { drawSolid } from "./draw-solid.ts";

export const SCENE_WIDTH = 800;
export const SCENE_HEIGHT = 500;

const COLOURS = {
  ground: 0x0f1626,
  card: 0x1a2439,
  text: 0xe8edf6,
  quiet: 0x8d9bb5,
  warm: 0xf3b64c,
  cool: 0x55cdbf,
} as const;

const TYPED_COLUMNS = 19;
const TYPED_LINES = 3;
const TRAIL_MS = 900;
const TRAIL_POINTS = 40;
const BACKSPACE = 0xff08;
const ENTER = 0xff0d;

interface TrailPoint {
  readonly x: number;
  readonly y: number;
  readonly at: number;
}

/** The demo desktop's content: a turning solid, a clock, the typed text, the pointer's position. */
export class Scene {
  #lines: string[] = [""];
  #lastKey = "";
  #pointer: { x: number; y: number; buttons: number } | undefined;
  #trail: TrailPoint[] = [];

  /** A key went down. */
  typeKey(keysym: number): void {
    this.#lastKey = nameKey(keysym);
    const line = this.#lines.at(-1) ?? "";
    const character = findCharacter(keysym);
    if (keysym === BACKSPACE && line === "" && this.#lines.length > 1) this.#lines.pop();
    else if (keysym === BACKSPACE) this.#lines[this.#lines.length - 1] = line.slice(0, -1);
    else if (keysym === ENTER) this.#lines.push("");
    else if (character !== undefined && line.length < TYPED_COLUMNS)
      this.#lines[this.#lines.length - 1] = line + character;
    else if (character !== undefined) this.#lines.push(character);
    this.#lines = this.#lines.slice(-TYPED_LINES);
  }

  /** @param at milliseconds on the clock that {@link paint} gets */
  movePointer(x: number, y: number, buttons: number, at: number): void {
    this.#pointer = { x: Math.min(x, SCENE_WIDTH - 1), y: Math.min(y, SCENE_HEIGHT - 1), buttons };
    this.#trail = [...this.#trail, { x: this.#pointer.x, y: this.#pointer.y, at }].slice(-TRAIL_POINTS);
  }

  /** Paints all of it. @param monotonicMs for movement @param date for the clock */
  paint(canvas: Canvas, monotonicMs: number, date: Date): void {
    canvas.fill(0, 0, canvas.width, canvas.height, COLOURS.ground);
    canvas.drawText(28, 24, "Postern", 5, COLOURS.warm);
    canvas.drawText(256, 37, "demo desktop, drawn by this host itself", 2, COLOURS.quiet);
    this.#paintSolid(canvas, monotonicMs);
    this.#paintClock(canvas, date);
    this.#paintKeys(canvas, monotonicMs);
    this.#paintPointerCard(canvas);
    this.#paintPointer(canvas, monotonicMs);
  }

  #paintSolid(canvas: Canvas, now: number): void {
    canvas.fillRounded(24, 84, 360, 312, 12, COLOURS.card);
    canvas.drawText(44, 102, "A moving picture", 2, COLOURS.quiet);
    drawSolid(canvas, { x: 204, y: 252, radius: 122 }, now, {
      near: COLOURS.cool,
      far: mixColours(COLOURS.card, COLOURS.cool, 0.2),
    });
  }

  #paintClock(canvas: Canvas, date: Date): void {
    canvas.fillRounded(400, 84, 376, 136, 12, COLOURS.card);
    const pad = (value: number): string => String(value).padStart(2, "0");
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":");
    canvas.drawText(420, 104, time, 7, COLOURS.text);
    const day = date.toLocaleDateString("en-GB", {
      weekday: "long",
      day: "numeric",
      month: "long",
      year: "numeric",
    });
    canvas.drawText(421, 184, day, 2, COLOURS.quiet);
  }

  #paintKeys(canvas: Canvas, now: number): void {
    canvas.fillRounded(400, 236, 376, 160, 12, COLOURS.card);
    canvas.drawText(420, 254, this.#lastKey === "" ? "Type something" : "You typed", 2, COLOURS.quiet);
    canvas.drawText(756 - 12 * this.#lastKey.length, 254, this.#lastKey, 2, COLOURS.cool);
    this.#lines.forEach((line, index) => {
      canvas.drawText(420, 286 + 34 * index, line, 3, COLOURS.text);
    });
    const cursorOn = Math.floor(now / 530) % 2 === 0;
    const [row, column] = [this.#lines.length - 1, this.#lines.at(-1)?.length ?? 0];
    if (cursorOn) canvas.fill(420 + 18 * column, 284 + 34 * row, 3, 26, COLOURS.warm);
  }

  #paintPointerCard(canvas: Canvas): void {
    canvas.fillRounded(24, 412, 752, 64, 12, COLOURS.card);
    const pointer = this.#pointer;
    if (pointer === undefined) {
      canvas.drawText(44, 436, "Move the pointer over this desktop", 2, COLOURS.quiet);
      return;
    }
    canvas.drawText(44, 436, `Pointer ${pointer.x}, ${pointer.y}`, 2, COLOURS.text);
    canvas.drawText(320, 436, nameButtons(pointer.buttons), 2, COLOURS.cool);
  }

  #paintPointer(canvas: Canvas, now: number): void {
    this.#trail = this.#trail.filter((point) => now - point.at < TRAIL_MS);
    for (const point of this.#trail) {
      const age = (now - point.at) / TRAIL_MS;
      canvas.fillCircle(
        point.x,
        point.y,
        Math.round(4 * (1 - age)),
        mixColours(COLOURS.warm, COLOURS.card, age),
      );
    }
    if (this.#pointer === undefined) return;
    const { x, y, buttons } = this.#pointer;
    const colour = buttons === 0 ? COLOURS.warm : COLOURS.cool;
    for (const [dx, dy] of [
      [-14, 0],
      [5, 0],
    ] as const)
      canvas.fill(x + dx, y + dy, 10, 1, colour);
    for (const [dx, dy] of [
      [0, -14],
      [0, 5],
    ] as const)
      canvas.fill(x + dx, y + dy, 1, 10, colour);
    if (buttons !== 0) canvas.fillCircle(x, y, 3, colour);
  }
}

function nameButtons(mask: number): string {
  const names = ["left", "middle", "right", "wheel up", "wheel down"].filter((_, bit) => (mask >> bit) & 1);
  return names.length === 0 ? "" : `Button ${names.join(", ")}`;
}
