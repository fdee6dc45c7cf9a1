/** A small bitmap font: five columns, seven rows and a descender; each row is two hexadecimal digits. */
const GLYPHS = `
! 0404040404000400  " 0a0a0a0000000000  # 0a0a1f0a1f0a0a00  $ 040f140e051e0400  % 1819020408130300
& 0c12140815120d00  ' 0404080000000000  ( 0204080808040200  ) 0804020202040800  * 0004150e15040000
+ 0004041f04040000  , 000000000c040800  - 0000001f00000000  . 00000000000c0c00  / 0001020408100000
0 0e11151515110e00  1 040c040404040e00  2 0e11010608101f00  3 0e11010601110e00  4 02060a121f020200
5 1f101e0101110e00  6 0e10101e11110e00  7 1f01020204040400  8 0e11110e11110e00  9 0e11110f01010e00
: 000c0c000c0c0000  ; 000c0c000c040800  < 0204081008040200  = 00001f001f000000  > 0804020102040800
? 0e11010204000400  @ 0e11171517100e00  A 040a11111f111100  B 1e11111e11111e00  C 0e11101010110e00
D 1e11111111111e00  E 1f10101e10101f00  F 1f10101e10101000  G 0e11101713110f00  H 1111111f11111100
I 0e04040404040e00  J 0701010101110e00  K 1112141814121100  L 1010101010101f00  M 111b151511111100
N 1119151513111100  O 0e11111111110e00  P 1e11111e10101000  Q 0e11111115120d00  R 1e11111e14121100
S 0f10100e01011e00  T 1f04040404040400  U 1111111111110e00  V 11111111110a0400  W 11111115151b1100
X 11110a040a111100  Y 11110a0404040400  Z 1f01020408101f00  [ 0e08080808080e00  \\ 0010080402010000
] 0e02020202020e00  ^ 040a110000000000  _ 0000000000001f00  \` 0804020000000000  a 00000e010f110f00
b 10101e1111111e00  c 00000e1110110e00  d 01010f1111110f00  e 00000e111f100e00  f 0609081c08080800
g 00000f11110f010e  h 10101e1111111100  i 04000c0404040e00  j 020006020202120c  k 1010121418141200
l 0c04040404040e00  m 00001a1515111100  n 00001e1111111100  o 00000e1111110e00  p 00001e11111e1010
q 00000f11110f0101  r 0000161910101000  s 00000f100e011e00  t 08081c0808090600  u 0000111111110f00
v 00001111110a0400  w 0000111115150a00  x 0000110a040a1100  y 00001111110f010e  z 00001f0204081f00
{ 0204040804040200  | 0404040404040400  } 0804040204040800  ~ 0000081502000000
« 0000050a140a0500  » 0000140a050a1400  … 0000000000001500  · 0000000400000000  ° 0609060000000000
’ 0404080000000000  – 0000001f00000000  — 0000001f00000000  • 00000e1f1f0e0000  œ 00000a1517140b00
Œ 0f14141714140f00  ß 0e11121611111600  ← 0004081f08040000  → 0004021f02040000  ↑ 040e150404040400
↓ 04040404150e0400`;

/** Accents, two rows: above a letter, or below it for the cedilla. By the mark that Unicode splits off. */
const ACCENTS: Readonly<Record<string, readonly [number, number]>> = {
  "\u0300": [0x08, 0x04],
  "\u0301": [0x02, 0x04],
  "\u0302": [0x04, 0x0a],
  "\u0303": [0x0d, 0x16],
  "\u0308": [0x0a, 0x00],
  "\u030a": [0x04, 0x04],
};
const CEDILLA = "\u0327";
/** Rows above the capitals, for their accents. */
const ABOVE = 3;

export const GLYPH_COLUMNS = 5;
export const GLYPH_ROWS = 8;
/** From one character's left edge to the next one's, in columns. */
export const GLYPH_ADVANCE = 6;

const BY_CHARACTER = new Map(readGlyphs(GLYPHS));
const UNKNOWN = Buffer.from("1f11111111111f00", "hex");

/** Eight rows of five bits, the leftmost column in bit 4; a box for characters that the font lacks. */
export function findGlyph(character: string): Uint8Array {
  return character === " " ? new Uint8Array(GLYPH_ROWS) : (BY_CHARACTER.get(character) ?? UNKNOWN);
}

function* readGlyphs(table: string): Generator<[string, Uint8Array]> {
  for (const [, character = "", rows = ""] of table.matchAll(/(\S) ((?:[0-9a-f]{2}){8})/g))
    yield [character, Buffer.from(rows, "hex")];
}

/** The large glyphs: twice as many columns and rows, their diagonals smoothed. */
const SMOOTH = 2;
export const SMOOTH_COLUMNS = GLYPH_COLUMNS * SMOOTH;
export const SMOOTH_ABOVE = ABOVE * SMOOTH;
export const SMOOTH_ADVANCE = SMOOTH_COLUMNS + 1;

const SMOOTH_GLYPHS = new Map<string, readonly number[]>();
/** Glyphs that are kept once they were made: those of Latin-1, and some more. */
const MOST_SMOOTH_GLYPHS = 512;

/** Rows of ten bits, the leftmost column in bit 9; accents are put onto their letters. */
export function findSmoothGlyph(character: string): readonly number[] {
  const known = SMOOTH_GLYPHS.get(character);
  if (known !== undefined) return known;
  const glyph = doubleSmoothly(composeGlyph(character));
  if (SMOOTH_GLYPHS.size < MOST_SMOOTH_GLYPHS) SMOOTH_GLYPHS.set(character, glyph);
  return glyph;
}

/** A letter with the rows above it, and its accent in them. */
function composeGlyph(character: string): number[] {
  const whole = character === " " || BY_CHARACTER.has(character);
  const [letter = "", mark] = whole ? [character] : character.normalize("NFD");
  const rows = [...Array<number>(ABOVE).fill(0), ...findGlyph(letter)];
  if (mark === CEDILLA) rows[ABOVE + GLYPH_ROWS - 1] = 0x0c;
  const accent = mark === undefined ? undefined : ACCENTS[mark];
  if (accent === undefined) return rows;
  const isSmall = letter === letter.toLowerCase();
  const first = isSmall ? ABOVE - 1 : 0;
  // The dot of an i gives way.
  if (letter === "i") rows[ABOVE] = 0;
  rows[first] = accent[0];
  rows[first + 1] = accent[1];
  return rows;
}

/** Each dot becomes four; a corner between two dots is filled, one that sticks out is cut (Scale2x). */
function doubleSmoothly(rows: readonly number[]): number[] {
  const at = (row: number, column: number): number =>
    column < 0 || column >= GLYPH_COLUMNS ? 0 : ((rows[row] ?? 0) >> (GLYPH_COLUMNS - 1 - column)) & 1;
  return rows.flatMap((_, row) => {
    let [upper, lower] = [0, 0];
    for (let column = 0; column < GLYPH_COLUMNS; column++) {
      const [own, above, below] = [at(row, column), at(row - 1, column), at(row + 1, column)];
      const [left, right] = [at(row, column - 1), at(row, column + 1)];
      const isFlat = above === below || left === right;
      const corner = (first: number, second: number): number => (!isFlat && first === second ? first : own);
      upper = (upper << SMOOTH) | (corner(left, above) << 1) | corner(above, right);
      lower = (lower << SMOOTH) | (corner(left, below) << 1) | corner(below, right);
    }
    return [upper, lower];
  });
}
