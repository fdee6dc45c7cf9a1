import { findCharacter } from "../../protocol/index.ts";

/** X11's keysyms of keys that have a name instead of a character. */
const NAMED = new Map<number, string>([
  [0xff08, "BackSpace"],
  [0xff09, "Tab"],
  [0xff0d, "Enter"],
  [0xff1b, "Escape"],
  [0xff50, "Home"],
  [0xff51, "Left"],
  [0xff52, "Up"],
  [0xff53, "Right"],
  [0xff54, "Down"],
  [0xff55, "Page Up"],
  [0xff56, "Page Down"],
  [0xff57, "End"],
  [0xff63, "Insert"],
  [0xffff, "Delete"],
  [0xffe1, "Shift"],
  [0xffe2, "Shift"],
  [0xffe3, "Control"],
  [0xffe4, "Control"],
  [0xffe9, "Alt"],
  [0xffea, "Alt"],
  [0xffeb, "Super"],
  [0xfe03, "AltGr"],
]);
const F1 = 0xffbe;
const F12 = 0xffc9;

/** What is written on a key. */
export function nameKey(keysym: number): string {
  if (keysym === 0x20) return "Space";
  if (keysym >= F1 && keysym <= F12) return `F${keysym - F1 + 1}`;
  return NAMED.get(keysym) ?? findCharacter(keysym) ?? `0x${keysym.toString(16)}`;
}
