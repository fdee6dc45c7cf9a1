import { describe, expect, it } from "vitest";
import { findKeysym, FUNCTION_KEYS } from "../../../../../web/client/viewer/keysyms.ts";

describe("keysyms", () => {
  it("are Latin-1 as it is, and Unicode above", () => {
    expect(findKeysym("a")).toBe(0x61);
    expect(findKeysym("é")).toBe(0xe9);
    expect(findKeysym("€")).toBe(0x20ac);
    expect(findKeysym("œ")).toBe(0x0100_0153);
    expect(findKeysym("😀")).toBe(0x0101_f600);
    expect(findKeysym("\n")).toBe(0xff0d);
    expect(findKeysym("\t")).toBe(0xff09);
  });

  it("number the function keys from F1", () => {
    expect(FUNCTION_KEYS[0]).toEqual({ label: "F1", keysym: 0xffbe, code: "F1" });
    expect(FUNCTION_KEYS[11]).toEqual({ label: "F12", keysym: 0xffc9, code: "F12" });
  });
});
