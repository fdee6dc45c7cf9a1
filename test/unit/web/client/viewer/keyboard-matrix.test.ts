// Every character of seven keyboards at guests with four layouts: it arrives as it was written, or it is named.
import { describe, expect, it } from "vitest";
import {
  compose,
  listStrokes,
  PERSON_LAYOUTS,
  readKey,
  type PersonKey,
  type PersonLayout,
} from "../../../../support/person-keyboards.ts";
import { LAYOUTS } from "../../../../../web/client/viewer/keyboard-layouts.ts";
import { findKeysym } from "../../../../../web/client/viewer/keysyms.ts";
import { ALT_GR, LayoutKeyboard, SHIFT } from "../../../../../web/client/viewer/layout-keyboard.ts";

/** A system that reads keys by their place, as its own keyboard is engraved. */
class Guest {
  text = "";
  readonly down = new Set<string>();
  #mark: string | null = null;
  readonly #layout: PersonLayout;

  constructor(layout: PersonLayout) {
    this.#layout = layout;
  }

  readonly send = (_keysym: number, code: string | null, down: boolean): void => {
    const name = code ?? "";
    if (!down) this.down.delete(name);
    else {
      this.down.add(name);
      if (name !== SHIFT.code && name !== ALT_GR.code) this.#press(name);
    }
  };

  #press(code: string): void {
    const level = this.down.has(ALT_GR.code) ? 2 : this.down.has(SHIFT.code) ? 1 : 0;
    const key = readKey(this.#layout, code, level);
    if (key === null) this.text += `<${code}/${level}>`;
    else if ("mark" in key) this.#mark = key.mark;
    else {
      this.text += this.#mark === null ? key.character : compose(this.#mark, key.character);
      this.#mark = null;
    }
  }
}

/** As noVNC passes it on: a dead key has no keysym. */
function press(keyboard: LayoutKeyboard, { code, character, level }: PersonKey): void {
  const modifier = [null, SHIFT, ALT_GR][level] ?? null;
  if (modifier) keyboard.handle(modifier.keysym, modifier.code, true);
  const keysym = character === null ? (null as unknown as number) : findKeysym(character);
  keyboard.handle(keysym, code, true);
  keyboard.handle(keysym, code, false);
  if (modifier) keyboard.handle(modifier.keysym, modifier.code, false);
}

describe.each(LAYOUTS)("a guest with the layout %s", (layout) => {
  const known = new Set(listStrokes(layout).map(({ character }) => character));

  it.each(PERSON_LAYOUTS)("from a keyboard of %s", (person) => {
    const guest = new Guest(layout);
    const missing: string[] = [];
    const keyboard = new LayoutKeyboard(layout, guest.send, (character) => missing.push(character));
    const strokes = listStrokes(person);
    for (const { keys } of strokes) for (const key of keys) press(keyboard, key);
    const characters = strokes.map(({ character }) => character);
    expect(guest.text).toBe(characters.filter((character) => known.has(character)).join(""));
    expect(missing).toEqual(characters.filter((character) => !known.has(character)));
    expect(guest.down).toEqual(new Set());
  });
});
