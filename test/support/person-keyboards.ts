// Keyboards that people sit at, as they are engraved: written down from the layouts of X, apart from the tables of the pages.

/** Characters of four rows of keys: alone, with Shift, with AltGr. A blank: none, or a dead key. */
type Row = readonly [string, string, string?];

interface Engraving {
  readonly rows: readonly [digits: Row, upper: Row, middle: Row, lower: Row];
  /** Keys that only this keyboard has. */
  readonly more?: Readonly<Record<string, Row>>;
  /** Dead keys by the combining character that they put on the next one. */
  readonly dead?: Readonly<Record<string, readonly [code: string, level: 0 | 1 | 2]>>;
}

const CODES = [
  ["Backquote", ...[..."1234567890"].map((digit) => `Digit${digit}`), "Minus", "Equal"],
  [...[..."QWERTYUIOP"].map((letter) => `Key${letter}`), "BracketLeft", "BracketRight"],
  [...[..."ASDFGHJKL"].map((letter) => `Key${letter}`), "Semicolon", "Quote", "Backslash"],
  ["IntlBackslash", ...[..."ZXCVBNM"].map((letter) => `Key${letter}`), "Comma", "Period", "Slash"],
] as const;

const [GRAVE, ACUTE, CIRCUMFLEX, TILDE, DIAERESIS] = ["\u0300", "\u0301", "\u0302", "\u0303", "\u0308"];
/** What a dead key makes with the space bar. */
const ALONE: Readonly<Record<string, string>> = {
  [GRAVE]: "`",
  [ACUTE]: "´",
  [CIRCUMFLEX]: "^",
  [TILDE]: "~",
  [DIAERESIS]: "¨",
};

const ENGRAVINGS = {
  us: {
    rows: [
      ["`1234567890-=", "~!@#$%^&*()_+"],
      ["qwertyuiop[]", "QWERTYUIOP{}"],
      ["asdfghjkl;'\\", 'ASDFGHJKL:"|'],
      [" zxcvbnm,./", " ZXCVBNM<>?"],
    ],
  },
  gb: {
    rows: [
      ["`1234567890-=", '¬!"£$%^&*()_+', "    €"],
      ["qwertyuiop[]", "QWERTYUIOP{}"],
      ["asdfghjkl;'#", "ASDFGHJKL:@~"],
      ["\\zxcvbnm,./", "|ZXCVBNM<>?"],
    ],
  },
  fr: {
    rows: [
      ["²&é\"'(-è_çà)=", " 1234567890°+", "  ~#{[|`\\^@]}"],
      ["azertyuiop $", "AZERTYUIOP £", "  €        ¤"],
      ["qsdfghjklmù*", "QSDFGHJKLM%µ"],
      ["<wxcvbn,;:!", ">WXCVBN?./§"],
    ],
    dead: { [CIRCUMFLEX]: ["BracketLeft", 0], [DIAERESIS]: ["BracketLeft", 1] },
  },
  de: {
    rows: [
      [" 1234567890ß ", '°!"§$%&/()=? ', "  ²³   {[]}\\"],
      ["qwertzuiopü+", "QWERTZUIOPÜ*", "@ €        ~"],
      ["asdfghjklöä#", "ASDFGHJKLÖÄ'"],
      ["<yxcvbnm,.-", ">YXCVBNM;:_", "|      µ"],
    ],
    dead: { [CIRCUMFLEX]: ["Backquote", 0], [ACUTE]: ["Equal", 0], [GRAVE]: ["Equal", 1] },
  },
  ch: {
    rows: [
      ["§1234567890' ", '°+"*ç%&/()=? ', "  @#  ¬|¢"],
      ["qwertzuiopü ", "QWERTZUIOPè!", "  €       []"],
      ["asdfghjklöä$", "ASDFGHJKLéà£", "          {}"],
      ["<yxcvbnm,.-", ">YXCVBNM;:_", "\\"],
    ],
    dead: {
      ...{ [CIRCUMFLEX]: ["Equal", 0], [GRAVE]: ["Equal", 1], [TILDE]: ["Equal", 2] },
      ...{ [DIAERESIS]: ["BracketRight", 0], [ACUTE]: ["Minus", 2] },
    },
  },
  es: {
    rows: [
      ["º1234567890'¡", 'ª!"·$%&/()=?¿', "\\|@#~ ¬"],
      ["qwertyuiop +", "QWERTYUIOP *", "  €       []"],
      ["asdfghjklñ ç", "ASDFGHJKLÑ Ç", "          {}"],
      ["<zxcvbnm,.-", ">ZXCVBNM;:_"],
    ],
    dead: {
      ...{ [GRAVE]: ["BracketLeft", 0], [CIRCUMFLEX]: ["BracketLeft", 1] },
      ...{ [ACUTE]: ["Quote", 0], [DIAERESIS]: ["Quote", 1] },
    },
  },
  jp: {
    rows: [
      [" 1234567890-^", " !\"#$%&'() =~"],
      ["qwertyuiop@[", "QWERTYUIOP`{"],
      ["asdfghjkl;:]", "ASDFGHJKL+*}"],
      [" zxcvbnm,./", " ZXCVBNM<>?"],
    ],
    more: { IntlYen: ["\\", "|"], IntlRo: ["\\", "_"] },
  },
} as const satisfies Readonly<Record<string, Engraving>>;

export type PersonLayout = keyof typeof ENGRAVINGS;
export const PERSON_LAYOUTS = Object.keys(ENGRAVINGS) as readonly PersonLayout[];

/** One key as a browser reports it. `character` is null for a dead key. */
export interface PersonKey {
  readonly code: string;
  readonly character: string | null;
  readonly level: 0 | 1 | 2;
}

/** What a person presses for one character. */
export interface PersonStroke {
  readonly character: string;
  readonly keys: readonly PersonKey[];
}

/** All that can be typed on a keyboard, each character once: with the keys that are engraved, and with dead keys. */
export function listStrokes(layout: PersonLayout): readonly PersonStroke[] {
  const { rows, more = {}, dead = {} }: Engraving = ENGRAVINGS[layout];
  const strokes = new Map<string, PersonStroke>();
  const add = (character: string, ...keys: PersonKey[]): void => {
    if (!strokes.has(character)) strokes.set(character, { character, keys });
  };
  const addRow = (row: Row, findCode: (index: number) => string): void => {
    row.forEach((characters = "", level) => {
      [...characters].forEach((character, index) => {
        if (character !== " ")
          add(character, { code: findCode(index), character, level: level as 0 | 1 | 2 });
      });
    });
  };
  rows.forEach((row, index) => addRow(row, (at) => CODES[index]![at]!));
  for (const [code, row] of Object.entries(more)) addRow(row, () => code);
  add(" ", { code: "Space", character: " ", level: 0 });
  for (const [mark, [code, level]] of Object.entries(dead)) {
    const first: PersonKey = { code, character: null, level };
    add(ALONE[mark]!, first, { code: "Space", character: ALONE[mark]!, level: 0 });
    for (const base of "aeiouAEIOUnN") {
      const character = `${base}${mark}`.normalize("NFC");
      const key = strokes.get(base)?.keys[0];
      // Latin-1 alone: the rest is rare, and nobody's language that writes with this keyboard.
      if (character.length === 1 && character <= "ÿ" && key) add(character, first, { ...key, character });
    }
  }
  return [...strokes.values()];
}

/** What a key makes on such a keyboard: a character, or the mark of a dead key. Null: nothing. */
export function readKey(
  layout: PersonLayout,
  code: string,
  level: 0 | 1 | 2,
): { readonly character: string } | { readonly mark: string } | null {
  const { rows, more = {}, dead = {} }: Engraving = ENGRAVINGS[layout];
  if (code === "Space") return { character: " " };
  const found = Object.entries(dead).find(([, [name, at]]) => name === code && at === level);
  if (found) return { mark: found[0] };
  const row = rows.findIndex((_, index) => (CODES[index] as readonly string[]).includes(code));
  const characters = row < 0 ? more[code]?.[level] : rows[row]![level];
  const at = row < 0 ? 0 : (CODES[row] as readonly string[]).indexOf(code);
  const character = [...(characters ?? "")][at] ?? " ";
  return character === " " ? null : { character };
}

/** What a dead key makes of the next character. */
export function compose(mark: string, character: string): string {
  return character === " " ? ALONE[mark]! : `${character}${mark}`.normalize("NFC");
}
