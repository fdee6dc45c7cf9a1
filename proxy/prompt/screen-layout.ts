import { SMOOTH_ADVANCE, type Canvas, type Colour, type Rectangle } from "../../protocol/index.ts";
import type { Wording } from "../identify/people-sign-in.ts";
import {
  filterDesktops,
  LIST_ROWS,
  nextAlternative,
  type FormPage,
  type ListPage,
  type NoticePage,
  type ScreenState,
  type ScreenTarget,
} from "./screen-state.ts";
import { fillWording, LANGUAGE_NAMES, SCREEN_LANGUAGES, SCREEN_WORDS } from "./screen-words.ts";

export const SCREEN_SIZE = { width: 800, height: 600 } as const;

const COLOURS = {
  ground: 0xe9eeec,
  card: 0xffffff,
  line: 0xb9c6c2,
  text: 0x17211f,
  quiet: 0x566461,
  accent: 0x0b6b5a,
  wash: 0xd5ebe5,
  error: 0xa32020,
} as const;
/** Every colour of the screen, for viewers with a colour map. */
export const SCREEN_PALETTE: readonly Colour[] = Object.values(COLOURS);

/** What is drawn, in this order. */
export type ScreenItem = Rectangle & { readonly colour: Colour } & (
    { readonly kind: "fill"; readonly radius: number } | { readonly kind: "text"; readonly text: string }
  );

export interface ScreenLayout {
  readonly items: readonly ScreenItem[];
  /** Where the pointer does something. */
  readonly targets: readonly (Rectangle & { readonly target: ScreenTarget })[];
}

const CARD: Rectangle = { x: 60, y: 92, width: 680, height: 456 };
const LEFT = 88;
const INNER = 624;
const INNER_COLUMNS = Math.floor(INNER / SMOOTH_ADVANCE);
const LINE = 28;
const TEXT_HEIGHT = 22;
/** Above the capitals, for accents. */
const TEXT_RISE = 6;
const BOX = 40;
const ROW = 30;
const LIST_TOP = 204;
/** From one character of a code to the next: it is copied by hand. */
const CODE_ADVANCE = 2 * SMOOTH_ADVANCE;
const CUT = "…";
const DOT = "•";

class LayoutWriter implements ScreenLayout {
  readonly items: ScreenItem[] = [];
  readonly targets: (Rectangle & { readonly target: ScreenTarget })[] = [];
  readonly #state: ScreenState;

  constructor(state: ScreenState) {
    this.#state = state;
  }

  say(wording: Wording): string {
    return wording[this.#state.language];
  }

  fill(area: Rectangle, colour: Colour, radius = 0): void {
    this.items.push({ kind: "fill", ...area, colour, radius });
  }

  /** A frame of two pixels around what is inside it. */
  frame({ x, y, width, height }: Rectangle, colour: Colour): void {
    this.fill({ x, y, width, height }, colour, 8);
    this.fill({ x: x + 2, y: y + 2, width: width - 4, height: height - 4 }, COLOURS.card, 6);
  }

  text(x: number, y: number, text: string, colour: Colour = COLOURS.text): void {
    const width = [...text].length * SMOOTH_ADVANCE;
    this.items.push({
      kind: "text",
      ...{ x, y: y - TEXT_RISE, width, height: TEXT_HEIGHT },
      text,
      colour,
    });
  }

  paragraph(y: number, text: string, colour: Colour): number {
    const lines = wrap(text, INNER_COLUMNS);
    lines.forEach((line, index) => {
      this.text(LEFT, y + index * LINE, line, colour);
    });
    return y + lines.length * LINE;
  }

  target(area: Rectangle, target: ScreenTarget): void {
    this.targets.push({ ...area, target });
  }
}

/** Where everything of a screen is. Pure. */
export function layOutScreen(state: ScreenState): ScreenLayout {
  const layout = new LayoutWriter(state);
  layout.fill({ x: 0, y: 0, ...SCREEN_SIZE }, COLOURS.ground);
  layOutHead(layout, state);
  layout.fill(CARD, COLOURS.card, 12);
  const { page } = state;
  if (page.kind === "form") layOutForm(layout, page);
  else if (page.kind === "list") layOutList(layout, page);
  else layOutNotice(layout, page);
  return layout;
}

/** The mark, a door in a wall, and the languages. */
function layOutHead(layout: LayoutWriter, { language }: ScreenState): void {
  layout.fill({ x: 60, y: 34, width: 38, height: 38 }, COLOURS.accent, 8);
  layout.fill({ x: 70, y: 44, width: 18, height: 28 }, COLOURS.wash, 8);
  layout.fill({ x: 82, y: 58, width: 3, height: 3 }, COLOURS.accent);
  layout.text(112, 46, "Postern");
  let x = 496;
  for (const one of SCREEN_LANGUAGES) {
    const name = LANGUAGE_NAMES[one];
    const width = name.length * SMOOTH_ADVANCE;
    layout.text(x, 46, name, one === language ? COLOURS.accent : COLOURS.quiet);
    if (one === language) layout.fill({ x, y: 68, width, height: 2 }, COLOURS.accent);
    layout.target({ x: x - 6, y: 32, width: width + 12, height: 40 }, { kind: "language", language: one });
    x += width + 22;
  }
  layout.text(x, 46, "(F2)", COLOURS.quiet);
}

function layOutForm(layout: LayoutWriter, page: FormPage): void {
  const title =
    page.person === null ? SCREEN_WORDS.signIn : fillWording(SCREEN_WORDS.confirm, { name: page.person });
  layout.text(LEFT, 124, cut(layout.say(title), INNER_COLUMNS));
  const columns = Math.floor((INNER - 32) / SMOOTH_ADVANCE);
  let y = 168;
  page.fields.forEach((field, index) => {
    const isFocused = index === page.focus;
    layout.text(LEFT, y, cut(layout.say(field.label), INNER_COLUMNS), COLOURS.quiet);
    const box = { x: LEFT, y: y + LINE - 4, width: INNER, height: BOX };
    layout.frame(box, isFocused ? COLOURS.accent : COLOURS.line);
    const value = page.values[index] ?? "";
    const shown = field.hidden ? DOT.repeat(value.length) : value;
    // The end is what is being typed.
    const seen = shown.length > columns ? `${CUT}${shown.slice(1 - columns)}` : shown;
    layout.text(LEFT + 14, box.y + 14, seen);
    if (isFocused)
      layout.fill(
        { x: LEFT + 15 + seen.length * SMOOTH_ADVANCE, y: box.y + 9, width: 2, height: 22 },
        COLOURS.accent,
      );
    layout.target(box, { kind: "field", index });
    y = box.y + BOX + 20;
  });
  const button = layOutButton(layout, y + 4, SCREEN_WORDS.goOn);
  layOutAlternative(layout, page, button);
  if (page.message !== null) layout.paragraph(button.y + BOX + 22, layout.say(page.message), COLOURS.error);
  layout.text(CARD.x, 568, layout.say(SCREEN_WORDS.formKeys), COLOURS.quiet);
}

function layOutButton(layout: LayoutWriter, y: number, wording: Wording): Rectangle {
  const button = { x: LEFT, y, width: 150, height: BOX };
  layout.fill(button, COLOURS.accent, 8);
  const label = layout.say(wording);
  const x = button.x + Math.round((button.width - label.length * SMOOTH_ADVANCE) / 2);
  layout.text(x, y + 14, label, COLOURS.card);
  layout.target(button, { kind: "submit" });
  return button;
}

function layOutAlternative(layout: LayoutWriter, page: FormPage, button: Rectangle): void {
  const next = nextAlternative(page);
  if (next === null) return;
  const x = button.x + button.width + 24;
  const text = cut(`${layout.say(next.label)} (F3)`, Math.floor((LEFT + INNER - x) / SMOOTH_ADVANCE));
  const width = text.length * SMOOTH_ADVANCE;
  layout.text(x, button.y + 14, text, COLOURS.accent);
  layout.fill({ x, y: button.y + 36, width, height: 2 }, COLOURS.accent);
  layout.target({ x, y: button.y, width, height: BOX }, { kind: "alternative" });
}

function layOutList(layout: LayoutWriter, page: ListPage): void {
  layout.text(LEFT, 118, layout.say(SCREEN_WORDS.choose));
  const box = { x: LEFT, y: 146, width: INNER, height: BOX };
  layout.frame(box, COLOURS.accent);
  const isEmpty = page.filter === "";
  const seen = isEmpty ? "" : page.filter.slice(-50);
  layout.text(
    LEFT + 14,
    box.y + 14,
    isEmpty ? layout.say(SCREEN_WORDS.search) : seen,
    isEmpty ? COLOURS.quiet : COLOURS.text,
  );
  const caret = LEFT + (isEmpty ? 9 : 15) + seen.length * SMOOTH_ADVANCE;
  layout.fill({ x: caret, y: box.y + 9, width: 2, height: 22 }, COLOURS.accent);
  const desktops = filterDesktops(page);
  desktops.slice(page.first, page.first + LIST_ROWS).forEach(({ name, host, online }, row) => {
    const index = page.first + row;
    const area = { x: LEFT - 12, y: LIST_TOP + row * ROW, width: INNER + 24, height: ROW };
    const isSelected = index === page.selected;
    if (isSelected) layout.fill(area, COLOURS.wash, 6);
    layout.text(LEFT, area.y + 9, cut(name, 32), online ? COLOURS.text : COLOURS.quiet);
    const about = cut(online ? host : layout.say(SCREEN_WORDS.away), 22);
    layout.text(LEFT + INNER - about.length * SMOOTH_ADVANCE, area.y + 9, about, COLOURS.quiet);
    layout.target(area, { kind: "row", index });
  });
  const bottom = LIST_TOP + LIST_ROWS * ROW + 10;
  if (desktops.length > LIST_ROWS) {
    const length = Math.max(12, Math.round((LIST_ROWS / desktops.length) * LIST_ROWS * ROW));
    const room = LIST_ROWS * ROW - length;
    const at = Math.round((page.first / (desktops.length - LIST_ROWS)) * room);
    layout.fill({ x: 728, y: LIST_TOP + at, width: 6, height: length }, COLOURS.line, 3);
  }
  const none = isEmpty ? SCREEN_WORDS.nothing : SCREEN_WORDS.noMatch;
  if (desktops.length === 0) layout.paragraph(LIST_TOP + 12, layout.say(none), COLOURS.quiet);
  if (page.message !== null) layout.paragraph(bottom, layout.say(page.message), COLOURS.error);
  layout.text(CARD.x, 568, layout.say(SCREEN_WORDS.listKeys), COLOURS.quiet);
}

function layOutNotice(layout: LayoutWriter, page: NoticePage): void {
  layout.text(LEFT, 124, layout.say(page.title));
  let y = layout.paragraph(170, layout.say(page.text), COLOURS.quiet);
  if (page.code !== undefined) {
    const box = { x: LEFT, y: y + 4, width: 44 + page.code.length * CODE_ADVANCE, height: 52 };
    layout.frame(box, COLOURS.accent);
    [...page.code].forEach((character, index) => {
      layout.text(box.x + 22 + index * CODE_ADVANCE, box.y + 20, character);
    });
    y = box.y + box.height + 8;
  }
  if (!page.isBusy) layOutButton(layout, y + 12, SCREEN_WORDS.close);
}

export function findScreenTarget({ targets }: ScreenLayout, x: number, y: number): ScreenTarget | null {
  const found = targets.findLast(
    (area) => x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height,
  );
  return found?.target ?? null;
}

/** Draws what of the screen the canvas has. */
export function paintScreen(canvas: Canvas, items: readonly ScreenItem[]): void {
  for (const item of items) {
    const { x, y, width, height, colour } = item;
    if (y >= canvas.top + canvas.height || y + height <= canvas.top) continue;
    if (item.kind === "text") canvas.drawSmoothText(x, y + TEXT_RISE, item.text, colour);
    else canvas.fillRounded(x, y, width, height, item.radius, colour);
  }
}

/** The areas in which two screens may differ. */
export function findScreenChanges(
  before: readonly ScreenItem[],
  after: readonly ScreenItem[],
): readonly Rectangle[] {
  const known = new Set(before.map((item) => JSON.stringify(item)));
  const wanted = new Set(after.map((item) => JSON.stringify(item)));
  return [
    ...before.filter((item) => !wanted.has(JSON.stringify(item))),
    ...after.filter((item) => !known.has(JSON.stringify(item))),
  ];
}

function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join("")}${CUT}`;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").map((one) => cut(one, columns))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
