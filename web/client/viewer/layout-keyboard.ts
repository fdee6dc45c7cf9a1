import {
  CHARACTER_CODES,
  findKeysymCharacter,
  findStrokes,
  isCharacterKeysym,
  type Layout,
  type Stroke,
} from "./keyboard-layouts.ts";

/** `down` is never left out: a key goes down and up again in two events. */
export type SendKey = (keysym: number, code: string | null, down: boolean) => void;

export const SHIFT = { keysym: 0xffe1, code: "ShiftLeft" } as const;
export const ALT_GR = { keysym: 0xfe03, code: "AltRight" } as const;
const SHIFT_CODES: ReadonlySet<string> = new Set(["ShiftLeft", "ShiftRight"]);
const ALT_GR_CODES: ReadonlySet<string> = new Set(["AltRight"]);
const COMMAND_KEYSYMS: ReadonlySet<number> = new Set([
  ...[0xffe3, 0xffe4], // Control
  ...[0xffe9, 0xffea, 0xffe7, 0xffe8], // Alt, Meta
  ...[0xffeb, 0xffec], // Super
]);

/** What a person types has its effect already: the guest's own would turn it round again. */
const CAPS_LOCK_KEYSYM = 0xffe5;

interface HeldKey {
  readonly keysym: number;
  readonly code: string;
}

/**
 * Turns the keys of a person's keyboard into those that make the same characters on the guest's: another key, with the
 * modifiers that this one wants. A key without a character passes as it is; one with a character that the guest's keyboard has
 * not is dropped: at its place there is another one. So is a dead key, whose effect comes with the next.
 */
export class LayoutKeyboard {
  readonly #layout: Layout;
  readonly #send: SendKey;
  /** What was pressed on the guest for a key that is held here. */
  readonly #pressed = new Map<string, Stroke>();
  /** Modifiers that are held here, and that the guest has down. */
  readonly #held = new Map<string, HeldKey>();
  readonly #commands = new Set<string>();
  /** Keys that are held here, and of which the guest knows nothing. */
  readonly #dropped = new Set<string>();
  readonly #onMissing: (character: string) => void;

  /** @param onMissing a character was typed that the guest's keyboard has not */
  constructor(layout: Layout, send: SendKey, onMissing: (character: string) => void) {
    this.#layout = layout;
    this.#send = send;
    this.#onMissing = onMissing;
  }

  readonly handle: SendKey = (keysym, code, down) => {
    const name = code ?? "";
    if (keysym === CAPS_LOCK_KEYSYM) return;
    if (!down) this.#release(keysym, name, code);
    else if (SHIFT_CODES.has(name) || ALT_GR_CODES.has(name)) {
      this.#held.set(name, { keysym, code: name });
      this.#send(keysym, code, true);
    } else this.#press(keysym, name, code);
  };

  #release(keysym: number, name: string, code: string | null): void {
    this.#held.delete(name);
    this.#commands.delete(name);
    if (this.#dropped.delete(name)) return;
    const stroke = this.#pressed.get(name);
    this.#pressed.delete(name);
    if (!stroke) this.#send(keysym, code, false);
    else {
      this.#send(stroke.keysym, stroke.code, false);
      // QEMU with a keymap misses the release of a sign that is not the key's plain one.
      if (stroke.plain !== stroke.keysym) this.#send(stroke.plain, stroke.code, false);
    }
  }

  #press(keysym: number, name: string, code: string | null): void {
    if (COMMAND_KEYSYMS.has(keysym)) this.#commands.add(name);
    const character = findKeysymCharacter(keysym);
    const strokes = character === null ? null : findStrokes(this.#layout, character);
    const [first, second] = strokes ?? [];
    if (first === undefined && this.#commands.size === 0 && CHARACTER_CODES.has(name)) {
      // noVNC has no keysym for a dead key.
      const isDead = !keysym;
      if (isDead || isCharacterKeysym(keysym)) {
        this.#dropped.add(name);
        if (character !== null) this.#onMissing(character);
        return;
      }
    }
    if (first === undefined || name === "" || name.startsWith("Numpad")) {
      this.#send(keysym, code, true);
      return;
    }
    // A shortcut is a key with what is held: only the key changes.
    if (this.#commands.size > 0) this.#send(first.keysym, first.code, true);
    else if (second === undefined)
      this.#withModifiers(first, () => this.#send(first.keysym, first.code, true));
    else {
      // A dead key is let go before its letter.
      this.#withModifiers(first, () => {
        this.#send(first.keysym, first.code, true);
        this.#send(first.keysym, first.code, false);
      });
      this.#withModifiers(second, () => this.#send(second.keysym, second.code, true));
    }
    this.#pressed.set(name, this.#commands.size > 0 ? first : (second ?? first));
  }

  /** Lets go of what is held and not wanted, presses what is wanted and not held, and puts both back afterwards. */
  #withModifiers({ shift, altGr }: Stroke, press: () => void): void {
    const shifts = [...this.#held.values()].filter(({ code }) => SHIFT_CODES.has(code));
    const altGrs = [...this.#held.values()].filter(({ code }) => ALT_GR_CODES.has(code));
    const lifted = [...(shift ? [] : shifts), ...(altGr ? [] : altGrs)];
    const added = [
      ...(shift && shifts.length === 0 ? [SHIFT] : []),
      ...(altGr && altGrs.length === 0 ? [ALT_GR] : []),
    ];
    for (const key of lifted) this.#send(key.keysym, key.code, false);
    for (const key of added) this.#send(key.keysym, key.code, true);
    press();
    for (const key of added.toReversed()) this.#send(key.keysym, key.code, false);
    for (const key of lifted) this.#send(key.keysym, key.code, true);
  }
}
