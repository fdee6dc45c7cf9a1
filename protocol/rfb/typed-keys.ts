/** X11's keysyms of keys that type no character, as far as they are used here. */
export const Keysym = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  home: 0xff50,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  pageUp: 0xff55,
  pageDown: 0xff56,
  end: 0xff57,
  insert: 0xff63,
  delete: 0xffff,
  f2: 0xffbf,
  f3: 0xffc0,
  leftShift: 0xffe1,
  rightShift: 0xffe2,
  leftControl: 0xffe3,
  rightControl: 0xffe4,
  isoLeftTab: 0xfe20,
} as const;

/** Keys of the number block, and what they are elsewhere on the keyboard. */
const NUMBER_BLOCK = new Map<number, number>([
  [0xff89, Keysym.tab],
  [0xff8d, Keysym.enter],
  [0xff95, Keysym.home],
  [0xff96, Keysym.left],
  [0xff97, Keysym.up],
  [0xff98, Keysym.right],
  [0xff99, Keysym.down],
  [0xff9a, Keysym.pageUp],
  [0xff9b, Keysym.pageDown],
  [0xff9c, Keysym.end],
  [0xff9e, Keysym.insert],
  [0xff9f, Keysym.delete],
]);
const FIRST_NUMBER_SIGN = 0xffaa;
const LAST_NUMBER_SIGN = 0xffb9;
/** Its signs are those of ASCII, this much higher. */
const NUMBER_SIGN_OFFSET = 0xff80;

/** The keysym of the same key outside the number block. */
export function foldNumberBlock(keysym: number): number {
  if (keysym >= FIRST_NUMBER_SIGN && keysym <= LAST_NUMBER_SIGN) return keysym - NUMBER_SIGN_OFFSET;
  return NUMBER_BLOCK.get(keysym) ?? keysym;
}

/** The character that a key types; undefined for a key that types none. */
export function findCharacter(keysym: number): string | undefined {
  if ((keysym >= 0x20 && keysym <= 0x7e) || (keysym >= 0xa0 && keysym <= 0xff))
    return String.fromCharCode(keysym);
  // Keysyms of all other Unicode characters have an offset.
  return keysym > 0x01000000 && keysym <= 0x0110ffff ? String.fromCodePoint(keysym - 0x01000000) : undefined;
}
