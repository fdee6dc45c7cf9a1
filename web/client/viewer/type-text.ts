import { findStrokes, type Layout, type Stroke } from "./keyboard-layouts.ts";
import { findKeysym, HOLDABLE_KEYS } from "./keysyms.ts";
import { ALT_GR, SHIFT, type SendKey } from "./layout-keyboard.ts";

/** A guest's keyboard controller buffers sixteen codes: faster than this, characters are lost. */
const STEP_MS = 12;
/** Characters of one text. */
const MAX_CHARACTERS = 10_000;

export type KeyEvent = readonly [keysym: number, code: string | null, down: boolean];

const MODIFIER_CODES: ReadonlySet<string | null> = new Set(
  [SHIFT, ALT_GR, ...HOLDABLE_KEYS].map(({ code }) => code),
);

/** What of a text is not typed. */
export interface Untyped {
  /** Characters that the desktop's keyboard has not, each once. */
  readonly missing: readonly string[];
  /** Characters behind the most that are typed at once. */
  readonly cut: number;
}

function pressStroke({ keysym, plain, code, shift, altGr }: Stroke): KeyEvent[][] {
  const held = [...(shift ? [SHIFT] : []), ...(altGr ? [ALT_GR] : [])];
  const press: KeyEvent[][] = [
    [
      [keysym, code, true],
      [keysym, code, false],
    ],
  ];
  if (held.length === 0) return press;
  return [
    held.map((key): KeyEvent => [key.keysym, key.code, true]),
    ...press,
    [
      ...held.map((key): KeyEvent => [key.keysym, key.code, false]),
      // QEMU with a keymap (-k) looks a release up by its keysym, and misses that of a key whose signs are on several levels.
      [plain, code, false],
    ],
  ];
}

/**
 * Types text as keys, at the pace of a guest's keyboard. With a layout each character is typed by the keys and modifiers that
 * make it there: QEMU presses none by itself. Without one the character alone is sent, as VNC servers for X understand it.
 */
export class TextTyper {
  readonly #send: SendKey;
  readonly #steps: KeyEvent[][] = [];
  #timer: number | undefined;

  constructor(send: SendKey) {
    this.#send = send;
  }

  /** Behind what is still being typed. `\b` is the backspace key. */
  type(text: string, layout: Layout | null): Untyped {
    const characters = [...text.replaceAll("\r\n", "\n").normalize("NFC")];
    const missing = new Set<string>();
    for (const character of characters.slice(0, MAX_CHARACTERS)) {
      if (layout === null) this.#steps.push(...pressCharacter(character));
      else {
        const strokes = findStrokes(layout, character);
        if (strokes === null) missing.add(character);
        else this.#steps.push(...strokes.flatMap(pressStroke));
      }
    }
    this.#start();
    return { missing: [...missing], cut: Math.max(0, characters.length - MAX_CHARACTERS) };
  }

  /** Sends keys, behind what is still being typed. */
  send(events: readonly KeyEvent[]): void {
    this.#steps.push([...events]);
    this.#start();
  }

  /** Types no more. Modifiers are let go. Idempotent. */
  stop(): void {
    window.clearInterval(this.#timer);
    this.#timer = undefined;
    for (const [keysym, code, down] of this.#steps.splice(0).flat())
      if (!down && MODIFIER_CODES.has(code)) this.#send(keysym, code, false);
  }

  #start(): void {
    if (this.#steps.length === 0) return;
    this.#timer ??= window.setInterval(() => {
      for (const event of this.#steps.shift() ?? []) this.#send(...event);
      if (this.#steps.length === 0) this.stop();
    }, STEP_MS);
  }
}

function pressCharacter(character: string): KeyEvent[][] {
  const keysym = findKeysym(character);
  return [
    [
      [keysym, null, true],
      [keysym, null, false],
    ],
  ];
}
