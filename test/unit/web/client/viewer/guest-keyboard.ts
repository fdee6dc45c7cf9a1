import type { Layout } from "../../../../../web/client/viewer/keyboard-layouts.ts";

/** What keys make on guests, written down from the layouts of X, apart from the tables of the pages. */
const GUESTS: Readonly<Record<Layout, Readonly<Record<string, string>>>> = {
  // Each key: alone, with Shift, with AltGr.
  us: {
    Digit2: "2@",
    Digit1: "1!",
    Quote: "'\"",
    Backslash: "\\|",
    KeyQ: "qQ",
    Slash: "/?",
    Backquote: "`~",
  },
  gb: { Digit2: '2"', Digit1: "1!", Quote: "'@", Backslash: "#~", KeyQ: "qQ", Digit3: "3£", Digit4: "4$€" },
  fr: {
    Digit0: "à0@",
    Digit2: "é2~",
    KeyQ: "aA",
    KeyA: "qQ",
    KeyZ: "wW",
    KeyW: "zZ",
    Slash: "!§",
    KeyE: "eE€",
    Digit9: "ç9^",
    Digit1: "&1",
  },
  de: { KeyQ: "qQ@", Minus: "ß?\\", KeyE: "eE€", KeyY: "zZ", KeyZ: "yY", Digit1: "1!", BracketRight: "+*~" },
};
const LETTERS = "QWERTYUIOPASDFGHJKLZXCVBNM";

/** A guest that reads keys by their place. */
export class GuestKeyboard {
  text = "";
  readonly down = new Set<string>();
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  readonly send = (_keysym: number, code: string | null, down: boolean): void => {
    if (code === null) throw new Error("a key without a place");
    if (!down) this.down.delete(code);
    else {
      this.down.add(code);
      this.text += this.#read(code);
    }
  };

  #read(code: string): string {
    if (/Shift|Alt|Control/.test(code)) return "";
    if (code === "Space") return " ";
    const level = this.down.has("AltRight")
      ? 2
      : Number(this.down.has("ShiftLeft") || this.down.has("ShiftRight"));
    const letter = code.slice(3);
    const plain =
      code.startsWith("Key") && LETTERS.includes(letter)
        ? letter.toLowerCase() + letter
        : code.startsWith("Digit")
          ? code.slice(5)
          : "";
    return (GUESTS[this.#layout][code] ?? plain)[level] ?? `<${code}/${level}>`;
  }
}
