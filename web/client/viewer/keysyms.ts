/** X11 keysyms with the name of the physical key in the browser. @see RFC 6143 §7.5.4 */
export interface Key {
  /** The label of the key: the same in every language. */
  readonly label: string;
  readonly keysym: number;
  readonly code: string;
}

export const HOLDABLE_KEYS: readonly Key[] = [
  { label: "Ctrl", keysym: 0xffe3, code: "ControlLeft" },
  { label: "Alt", keysym: 0xffe9, code: "AltLeft" },
  { label: "Super", keysym: 0xffeb, code: "MetaLeft" },
];

export const SINGLE_KEYS: readonly Key[] = [
  { label: "Esc", keysym: 0xff1b, code: "Escape" },
  { label: "Tab", keysym: 0xff09, code: "Tab" },
];

export const ARROW_KEYS: readonly Key[] = [
  { label: "←", keysym: 0xff51, code: "ArrowLeft" },
  { label: "↑", keysym: 0xff52, code: "ArrowUp" },
  { label: "↓", keysym: 0xff54, code: "ArrowDown" },
  { label: "→", keysym: 0xff53, code: "ArrowRight" },
];

export const FUNCTION_KEYS: readonly Key[] = Array.from({ length: 12 }, (_, index) => ({
  label: `F${index + 1}`,
  keysym: 0xffbe + index,
  code: `F${index + 1}`,
}));

export const BACKSPACE: Key = { label: "Backspace", keysym: 0xff08, code: "Backspace" };
export const RETURN: Key = { label: "Enter", keysym: 0xff0d, code: "Enter" };

/** X11 has a keysym of its own for it, which servers know better than the one of Unicode. */
export const EURO_KEYSYM = 0x20ac;

/** The keysym of one character: Latin-1 unchanged, the rest of Unicode above 0x01000000. */
export function findKeysym(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point === 0x0a || point === 0x0d) return RETURN.keysym;
  if (point === 0x09) return 0xff09;
  if (point === 0x08) return BACKSPACE.keysym;
  if (point === EURO_KEYSYM) return EURO_KEYSYM;
  if ((point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff)) return point;
  return 0x0100_0000 + point;
}
