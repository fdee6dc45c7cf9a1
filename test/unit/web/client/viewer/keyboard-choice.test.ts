import { expect, it } from "vitest";
import { chooseKeyboardMode, readKeyboardChoices } from "../../../../../web/client/viewer/keyboard-choice.ts";

it("a machine's layout is that of its keymap, US without one, and positions for one that is not known", () => {
  expect(chooseKeyboardMode("auto", { keymap: null })).toEqual({ text: "us", keys: "us" });
  expect(chooseKeyboardMode("auto", { keymap: "fr" })).toEqual({ text: "fr", keys: "fr" });
  expect(chooseKeyboardMode("auto", { keymap: "es" })).toEqual({ text: "us", keys: null });
  expect(chooseKeyboardMode("auto", null)).toEqual({ text: "us", keys: null });
  expect(chooseKeyboardMode("positions", { keymap: "fr" })).toEqual({ text: "fr", keys: null });
  expect(chooseKeyboardMode("de", { keymap: "fr" })).toEqual({ text: "de", keys: "de" });
});

it("what is stored is read as far as it is valid", () => {
  const stored = JSON.stringify([["m1", "fr"], ["m2", "klingon"], 3, [4, "us"]]);
  expect([...readKeyboardChoices(stored)]).toEqual([["m1", "fr"]]);
  for (const wrong of [null, "", "{", "{}", "7"]) expect(readKeyboardChoices(wrong).size).toBe(0);
});
