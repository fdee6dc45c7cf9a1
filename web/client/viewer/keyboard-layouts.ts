import { BACKSPACE, EURO_KEYSYM, findKeysym, RETURN } from "./keysyms.ts";

/** The layouts of guests whose characters the pages can type key by key. */
export const LAYOUTS = ["us", "gb", "fr", "de"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** One key with what has to be held down for it. */
export interface Stroke {
  /** The name of the physical key in the browser. */
  readonly code: string;
  readonly keysym: number;
  /** Of the key without modifiers. */
  readonly plain: number;
  readonly shift: boolean;
  readonly altGr: boolean;
}

type Row = "digits" | "upper" | "middle" | "lower";

const CODES: Readonly<Record<Row, readonly string[]>> = {
  digits: ["Backquote", ...[..."1234567890"].map((digit) => `Digit${digit}`), "Minus", "Equal"],
  upper: [...[..."QWERTYUIOP"].map((letter) => `Key${letter}`), "BracketLeft", "BracketRight"],
  middle: [...[..."ASDFGHJKL"].map((letter) => `Key${letter}`), "Semicolon", "Quote", "Backslash"],
  lower: ["IntlBackslash", ...[..."ZXCVBNM"].map((letter) => `Key${letter}`), "Comma", "Period", "Slash"],
};

/** Characters of a row in the order of {@link CODES}: alone, with Shift, with AltGr. A space: none, or a dead key. */
type Levels = readonly [string, string, string?];

interface LayoutTable extends Readonly<Record<Row, Levels>> {
  /** Dead keys by the combining character that they put on the next one. */
  readonly dead: Readonly<Record<string, readonly [code: string, shift: boolean]>>;
}

const CIRCUMFLEX = "\u0302";
const DIAERESIS = "\u0308";
const ACUTE = "\u0301";
const GRAVE = "\u0300";
/** The accents alone, as characters; a dead key and the space bar make them. */
const ACCENTS: Readonly<Record<string, string>> = { "^": CIRCUMFLEX, "¨": DIAERESIS, "´": ACUTE, "`": GRAVE };
const DEAD_KEYSYMS: Readonly<Record<string, number>> = {
  [GRAVE]: 0xfe50,
  [ACUTE]: 0xfe51,
  [CIRCUMFLEX]: 0xfe52,
  [DIAERESIS]: 0xfe57,
};

const TABLES: Readonly<Record<Layout, LayoutTable>> = {
  us: {
    digits: ["`1234567890-=", "~!@#$%^&*()_+"],
    upper: ["qwertyuiop[]", "QWERTYUIOP{}"],
    middle: ["asdfghjkl;'\\", 'ASDFGHJKL:"|'],
    lower: [" zxcvbnm,./", " ZXCVBNM<>?"],
    dead: {},
  },
  gb: {
    digits: ["`1234567890-=", '¬!"£$%^&*()_+', "    €"],
    upper: ["qwertyuiop[]", "QWERTYUIOP{}"],
    middle: ["asdfghjkl;'#", "ASDFGHJKL:@~"],
    lower: ["\\zxcvbnm,./", "|ZXCVBNM<>?"],
    dead: {},
  },
  fr: {
    digits: ["²&é\"'(-è_çà)=", " 1234567890°+", "  ~#{[|`\\^@]}"],
    upper: ["azertyuiop $", "AZERTYUIOP £", "  €        ¤"],
    middle: ["qsdfghjklmù*", "QSDFGHJKLM%µ"],
    lower: ["<wxcvbn,;:!", ">WXCVBN?./§"],
    dead: { [CIRCUMFLEX]: ["BracketLeft", false], [DIAERESIS]: ["BracketLeft", true] },
  },
  de: {
    digits: [" 1234567890ß ", '°!"§$%&/()=? ', "  ²³   {[]}\\"],
    upper: ["qwertzuiopü+", "QWERTZUIOPÜ*", "@ €        ~"],
    middle: ["asdfghjklöä#", "ASDFGHJKLÖÄ'"],
    lower: ["<yxcvbnm,.-", ">YXCVBNM;:_", "|      µ"],
    dead: { [CIRCUMFLEX]: ["Backquote", false], [ACUTE]: ["Equal", false], [GRAVE]: ["Equal", true] },
  },
};

/** Keysyms from before Unicode, of characters that European keyboards have and Latin-1 has not. */
const OLD_CHARACTERS: ReadonlyMap<number, string> = new Map([
  ...pairFrom(0x13bc, "ŒœŸ"),
  ...pairFrom(0xad0, "‘’“”"),
  ...pairFrom(0x8fb, "←↑→↓"),
  ...pairFrom(0xaa9, "—–"),
  ...([
    [0x1a3, "Ł"],
    [0x1b3, "ł"],
    [0x1d0, "Đ"],
    [0x1f0, "đ"],
    [0x2a1, "Ħ"],
    [0x2b1, "ħ"],
    [0x2b9, "ı"],
    [0x3a2, "ĸ"],
    [0x3ac, "Ŧ"],
    [0x3bc, "ŧ"],
    [0x3bd, "Ŋ"],
    [0x3bf, "ŋ"],
    [0x7d9, "Ω"],
    [0xaae, "…"],
    [0xac9, "™"],
    [0xafd, "‚"],
    [0xafe, "„"],
  ] as const),
]);

function pairFrom(first: number, characters: string): [number, string][] {
  return [...characters].map((character, index) => [first + index, character]);
}

const PLAIN = { shift: false, altGr: false } as const;
const SPACE: Stroke = { code: "Space", keysym: 0x20, plain: 0x20, ...PLAIN };
const CONTROL_STROKES: Readonly<Record<string, Stroke>> = {
  " ": SPACE,
  "\n": { code: RETURN.code, keysym: RETURN.keysym, plain: RETURN.keysym, ...PLAIN },
  "\t": { code: "Tab", keysym: 0xff09, plain: 0xff09, ...PLAIN },
  "\b": { code: BACKSPACE.code, keysym: BACKSPACE.keysym, plain: BACKSPACE.keysym, ...PLAIN },
};

function indexLayout(table: LayoutTable): ReadonlyMap<string, Stroke> {
  const strokes = new Map<string, Stroke>(Object.entries(CONTROL_STROKES));
  for (const row of Object.keys(CODES) as Row[])
    table[row].forEach((characters = "", level) => {
      [...characters].forEach((character, index) => {
        const code = CODES[row][index];
        if (code === undefined || strokes.has(character)) return;
        strokes.set(character, {
          ...{
            code,
            keysym: findKeysym(character),
            plain: findKeysym([...table[row][0]][index] ?? character),
          },
          ...{ shift: level === 1, altGr: level === 2 },
        });
      });
    });
  return strokes;
}

const STROKES = Object.fromEntries(
  LAYOUTS.map((layout) => [layout, indexLayout(TABLES[layout])]),
) as unknown as Readonly<Record<Layout, ReadonlyMap<string, Stroke>>>;

function findDeadStroke(layout: Layout, mark: string): Stroke | null {
  const dead = TABLES[layout].dead[mark];
  const keysym = DEAD_KEYSYMS[mark];
  return dead === undefined || keysym === undefined
    ? null
    : { code: dead[0], keysym, plain: keysym, shift: dead[1], altGr: false };
}

/** The strokes that make one character on a guest's keyboard. Null: it has none. */
export function findStrokes(layout: Layout, character: string): readonly Stroke[] | null {
  const stroke = STROKES[layout].get(character);
  if (stroke !== undefined) return [stroke];
  const accent = findDeadStroke(layout, ACCENTS[character] ?? "");
  if (accent !== null) return [accent, SPACE];
  const [base = "", mark = "", ...more] = character.normalize("NFD");
  const dead = more.length === 0 ? findDeadStroke(layout, mark) : null;
  const letter = STROKES[layout].get(base);
  return dead === null || letter === undefined ? null : [dead, letter];
}

/** Keys that make characters on one keyboard or another, by their names in the browser. */
export const CHARACTER_CODES: ReadonlySet<string> = new Set([
  ...Object.values(CODES).flat(),
  ...["IntlYen", "IntlRo", "IntlHash"],
  // With a dead key it makes its accent.
  "Space",
]);

/** Whether a keysym is a character's at all, known here or not: the alphabets of X lie below its keys. */
export function isCharacterKeysym(keysym: number): boolean {
  return (keysym >= 0x20 && keysym < 0xfd00) || keysym > 0x0100_0000;
}

/** The character that a keysym stands for. Null: a key without one. */
export function findKeysymCharacter(keysym: number): string | null {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff))
    return String.fromCodePoint(keysym);
  if (keysym === EURO_KEYSYM) return "€";
  const old = OLD_CHARACTERS.get(keysym);
  if (old !== undefined) return old;
  return keysym > 0x0100_0000 && keysym <= 0x0110_ffff ? String.fromCodePoint(keysym - 0x0100_0000) : null;
}

/** The layout of a machine's `-k` option; without one QEMU's guests begin with a US keyboard. Null: none of ours. */
export function readKeymap(keymap: string | null): Layout | null {
  if (keymap === null || keymap === "en-us") return "us";
  if (keymap === "en-gb") return "gb";
  return keymap === "fr" || keymap === "de" ? keymap : null;
}
