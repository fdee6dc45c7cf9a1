import { useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import type { KeyboardMode } from "./desktop-keyboard.ts";
import { LAYOUTS, readKeymap, type Layout } from "./keyboard-layouts.ts";

/** `auto`: by what is known of the machine; `positions`: the guest has the person's layout; else the guest's layout. */
export const KEYBOARD_CHOICES = ["auto", "positions", ...LAYOUTS] as const;
export type KeyboardChoice = (typeof KEYBOARD_CHOICES)[number];

const STORAGE_KEY = "postern.keyboards";
/** Machines whose choice is remembered. */
const MAX_MACHINES = 200;

/** The valid choices of `stored`, by machine or desktop. */
export function readKeyboardChoices(stored: string | null): ReadonlyMap<string, KeyboardChoice> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stored ?? "[]");
  } catch {
    // An invalid entry counts as none.
  }
  const pairs = Array.isArray(parsed) ? (parsed as unknown[]) : [];
  return new Map(
    pairs.flatMap((pair): [string, KeyboardChoice][] => {
      const [id, choice] = Array.isArray(pair) ? (pair as unknown[]) : [];
      const known = KEYBOARD_CHOICES.find((one) => one === choice);
      return typeof id === "string" && known !== undefined ? [[id, known]] : [];
    }),
  );
}

/** How keys are sent for a choice. Of a desktop that is no machine nothing is known. */
export function chooseKeyboardMode(
  choice: KeyboardChoice,
  machine: Pick<Machine, "keymap"> | null,
): KeyboardMode {
  const known: Layout | null = machine === null ? null : readKeymap(machine.keymap);
  if (choice === "auto") return { text: known ?? "us", keys: known };
  return choice === "positions" ? { text: known ?? "us", keys: null } : { text: choice, keys: choice };
}

/** The choice for one machine or desktop, kept in this browser. */
export function useKeyboardChoice(id: string): readonly [KeyboardChoice, (choice: KeyboardChoice) => void] {
  const [choices, setChoices] = useState(() => readKeyboardChoices(localStorage.getItem(STORAGE_KEY)));
  const choose = (choice: KeyboardChoice) => {
    const kept = [...choices].filter(([other]) => other !== id).slice(1 - MAX_MACHINES);
    const next = new Map<string, KeyboardChoice>([...kept, [id, choice]]);
    localStorage.setItem(STORAGE_KEY, JSON.stringify([...next]));
    setChoices(next);
  };
  return [choices.get(id) ?? "auto", choose];
}
