import {
  ARROW_KEYS,
  BACKSPACE,
  findKeysym,
  FUNCTION_KEYS,
  HOLDABLE_KEYS,
  RETURN,
  SINGLE_KEYS,
  type Key,
} from "./keysyms.ts";

const STORAGE_KEY = "postern.chords";
export const MAX_CHORDS = 12;
const MAX_KEYS = 5;

const ARROW_NAMES = ["Left", "Up", "Down", "Right"] as const;
const NAMED: ReadonlyMap<string, Key> = new Map(
  [
    ...HOLDABLE_KEYS,
    ...SINGLE_KEYS,
    ...FUNCTION_KEYS,
    ...[BACKSPACE, RETURN],
    ...ARROW_KEYS.map((key, index) => ({ ...key, label: ARROW_NAMES[index] ?? key.label })),
    { label: "Shift", keysym: 0xffe1, code: "ShiftLeft" },
    { label: "AltGr", keysym: 0xfe03, code: "AltRight" },
    { label: "Space", keysym: 0x20, code: "Space" },
    { label: "Del", keysym: 0xffff, code: "Delete" },
    { label: "Insert", keysym: 0xff63, code: "Insert" },
    { label: "Home", keysym: 0xff50, code: "Home" },
    { label: "End", keysym: 0xff57, code: "End" },
    { label: "PageUp", keysym: 0xff55, code: "PageUp" },
    { label: "PageDown", keysym: 0xff56, code: "PageDown" },
    { label: "Print", keysym: 0xff61, code: "PrintScreen" },
    { label: "Pause", keysym: 0xff13, code: "Pause" },
  ].map((key) => [key.label.toLowerCase(), key]),
);
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ...{ control: "ctrl", escape: "esc", delete: "del", win: "super", cmd: "super", return: "enter" },
  // As French keyboards have them.
  ...{ maj: "shift", échap: "esc", suppr: "del", entrée: "enter", espace: "space" },
};

function findKey(name: string): Key | null {
  const lower = name.toLowerCase();
  const named = NAMED.get(OTHER_NAMES[lower] ?? lower);
  if (named !== undefined) return named;
  if (!/^[a-z0-9]$/.test(lower)) return null;
  const code = /[0-9]/.test(lower) ? `Digit${lower}` : `Key${lower.toUpperCase()}`;
  return { label: lower.toUpperCase(), keysym: findKeysym(lower), code };
}

/** Keys that are pressed together, in this order. */
export interface Chord {
  readonly label: string;
  readonly keys: readonly Key[];
}

/** What a person wrote, such as `ctrl+alt+f2`. Null: no chord. */
export function parseChord(text: string): Chord | null {
  const keys = text.split("+").map((name) => findKey(name.trim()));
  const known = keys.filter((key) => key !== null);
  if (known.length !== keys.length || keys.length > MAX_KEYS) return null;
  if (new Set(known.map(({ code }) => code)).size !== known.length) return null;
  return { label: known.map(({ label }) => label).join("+"), keys: known };
}

/** The valid chords of what is stored. */
export function readChords(stored: string | null): readonly Chord[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stored ?? "[]");
  } catch {
    // An invalid entry counts as none.
  }
  const texts = Array.isArray(parsed) ? (parsed as unknown[]).slice(0, MAX_CHORDS) : [];
  return texts.flatMap((text) => (typeof text === "string" ? (parseChord(text) ?? []) : []));
}

export function loadChords(): readonly Chord[] {
  return readChords(localStorage.getItem(STORAGE_KEY));
}

export function storeChords(chords: readonly Chord[]): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(chords.map(({ label }) => label)));
}
