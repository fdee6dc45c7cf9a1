import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Layout } from "../../../../../web/client/viewer/keyboard-layouts.ts";
import { TextTyper } from "../../../../../web/client/viewer/type-text.ts";
import { GuestKeyboard } from "./guest-keyboard.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function typeInto(layout: Layout, text: string) {
  const guest = new GuestKeyboard(layout);
  const untyped = new TextTyper(guest.send).type(text, layout);
  vi.advanceTimersByTime(10_000);
  expect(guest.down).toEqual(new Set());
  expect(vi.getTimerCount()).toBe(0);
  return { read: guest.text, ...untyped };
}

describe("text typed as keys", () => {
  it.each<[Layout, string]>([
    ["us", "P@ssw0rd!"],
    ["us", 'A|"~Q?'],
    ["gb", 'P@ssw0rd!#~"£€'],
    ["fr", "P@ssw0rd!"],
    ["fr", "Qaé2~€^&"],
    ["de", "P@ssw0rd!"],
    ["de", "Zyß?\\€+~"],
  ])("arrives at a guest with the layout %s as it was written: %s", (layout, text) => {
    expect(typeInto(layout, text)).toEqual({ read: text, missing: [], cut: 0 });
  });

  it("says what the guest's keyboard has not, and types the rest", () => {
    expect(typeInto("us", "aébß€")).toEqual({ read: "ab", missing: ["é", "ß", "€"], cut: 0 });
  });

  it("uses dead keys", () => {
    const codes: (string | null)[] = [];
    new TextTyper((_keysym, code, down) => down && codes.push(code)).type("ê^Ë", "fr");
    vi.advanceTimersByTime(1_000);
    const shifted = ["ShiftLeft", "BracketLeft", "ShiftLeft", "KeyE"];
    expect(codes).toEqual(["BracketLeft", "KeyE", "AltRight", "Digit9", ...shifted]);
  });

  it("is sent as characters alone where the server finds the modifiers itself", () => {
    const sent: unknown[] = [];
    new TextTyper((...event) => sent.push(event)).type("P\r\n", null);
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([
      [0x50, null, true],
      [0x50, null, false],
      [0xff0d, null, true],
      [0xff0d, null, false],
    ]);
  });

  it("says how much of a long text is left out", () => {
    expect(new TextTyper(() => undefined).type("a".repeat(10_003), "us")).toEqual({ missing: [], cut: 3 });
  });

  it("stops when told to, with no modifier held", () => {
    const guest = new GuestKeyboard("us");
    const typer = new TextTyper(guest.send);
    typer.type("PASS", "us");
    vi.advanceTimersByTime(12);
    expect(guest.down).toEqual(new Set(["ShiftLeft"]));
    typer.stop();
    vi.advanceTimersByTime(1_000);
    expect(guest.down).toEqual(new Set());
    expect(guest.text).toBe("");
  });
});
