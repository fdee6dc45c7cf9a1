import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findKeysym, FUNCTION_KEYS } from "../../../../../web/client/viewer/keysyms.ts";
import { typeText } from "../../../../../web/client/viewer/type-text.ts";

describe("keysyms", () => {
  it("are Latin-1 as it is, and Unicode above", () => {
    expect(findKeysym("a")).toBe(0x61);
    expect(findKeysym("é")).toBe(0xe9);
    expect(findKeysym("€")).toBe(0x0100_20ac);
    expect(findKeysym("😀")).toBe(0x0101_f600);
    expect(findKeysym("\n")).toBe(0xff0d);
    expect(findKeysym("\t")).toBe(0xff09);
  });

  it("number the function keys from F1", () => {
    expect(FUNCTION_KEYS[0]).toEqual({ label: "F1", keysym: 0xffbe, code: "F1" });
    expect(FUNCTION_KEYS[11]).toEqual({ label: "F12", keysym: 0xffc9, code: "F12" });
  });
});

describe("typeText", () => {
  const sent: number[] = [];
  const keyboard = { sendKey: (keysym: number) => void sent.push(keysym) };
  beforeEach(() => {
    sent.length = 0;
    vi.useFakeTimers();
    vi.stubGlobal("window", globalThis);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("types one key after the other and ends by itself", () => {
    typeText(keyboard, "ab\r\n");
    vi.advanceTimersByTime(12);
    expect(sent).toEqual([0x61]);
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([0x61, 0x62, 0xff0d]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("stops when told to", () => {
    const stop = typeText(keyboard, "abc");
    vi.advanceTimersByTime(12);
    stop();
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([0x61]);
  });
});
