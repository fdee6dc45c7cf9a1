import { expect, it } from "vitest";
import { MAX_CHORDS, parseChord, readChords } from "../../../../../web/client/viewer/chords.ts";

const codes = (text: string) => parseChord(text)?.keys.map(({ code }) => code) ?? null;

it("a chord is read as people write it, in both languages of the pages", () => {
  expect(codes("ctrl + ALT+f2")).toEqual(["ControlLeft", "AltLeft", "F2"]);
  expect(codes("Super+l")).toEqual(["MetaLeft", "KeyL"]);
  expect(codes("Ctrl+Maj+Échap")).toEqual(["ControlLeft", "ShiftLeft", "Escape"]);
  expect(codes("Alt+Left")).toEqual(["AltLeft", "ArrowLeft"]);
  expect(codes("Print")).toEqual(["PrintScreen"]);
  expect(parseChord("ctrl+alt+delete")?.label).toBe("Ctrl+Alt+Del");
});

it("what is no chord is none: unknown keys, the same key twice, too many, nothing", () => {
  const wrong = [
    "",
    "+",
    "ctrl+",
    "ctrl+é",
    "ctrl+ctrl",
    "ctrl+alt+shift+super+altgr+a",
    "reboot",
    "__proto__",
  ];
  expect(wrong.map(parseChord)).toEqual(wrong.map(() => null));
});

it("what is stored is read as far as it is valid, and no more than are kept", () => {
  const labels = (stored: string | null) => readChords(stored).map(({ label }) => label);
  expect(labels(JSON.stringify(["Ctrl+A", 3, "nonsense", "F5"]))).toEqual(["Ctrl+A", "F5"]);
  expect(labels(JSON.stringify(Array.from({ length: 50 }, () => "F5"))).length).toBe(MAX_CHORDS);
  for (const invalid of [null, "", "{", "{}", "7"]) expect(labels(invalid)).toEqual([]);
});

it("what is shown of a chord can be stored and read again", () => {
  for (const text of ["Ctrl+Alt+F2", "Super+L", "Shift+PageUp", "AltGr+7", "Alt+Left"])
    expect(readChords(JSON.stringify([parseChord(text)!.label]))).toEqual([parseChord(text)]);
});
