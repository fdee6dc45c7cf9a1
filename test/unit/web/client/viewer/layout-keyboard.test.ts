import { describe, expect, it } from "vitest";
import type { Layout } from "../../../../../web/client/viewer/keyboard-layouts.ts";
import { LayoutKeyboard } from "../../../../../web/client/viewer/layout-keyboard.ts";
import { GuestKeyboard } from "./guest-keyboard.ts";

const SHIFT = 0xffe1;
const CONTROL = 0xffe3;

type Key = readonly [keysym: number, code: string, down: boolean];
const press = (keysym: number, code: string): Key[] => [
  [keysym, code, true],
  [keysym, code, false],
];
const shifted = (...keys: Key[]): Key[] => [[SHIFT, "ShiftLeft", true], ...keys, [SHIFT, "ShiftLeft", false]];

function type(layout: Layout, keys: readonly Key[]): GuestKeyboard {
  const guest = new GuestKeyboard(layout);
  const keyboard = new LayoutKeyboard(layout, guest.send, () => undefined);
  for (const key of keys) keyboard.handle(...key);
  return guest;
}

function openUs(sent: Key[], missing: string[] = []): LayoutKeyboard {
  return new LayoutKeyboard(
    "us",
    (keysym, code, down) => sent.push([keysym, code ?? "", down]),
    (character) => missing.push(character),
  );
}

describe("a keyboard in front of a guest with another layout", () => {
  it("AZERTY at a US guest: the characters on the person's keys arrive", () => {
    const guest = type("us", [
      ...press(0x61, "KeyQ"),
      ...press(0x7a, "KeyW"),
      ...shifted(...press(0x32, "Digit2")),
      ...press(0x21, "Slash"),
    ]);
    expect(guest.text).toBe("az2!");
    expect(guest.down).toEqual(new Set());
  });

  it("QWERTZ at a US guest: AltGr is let go for a character that wants Shift there", () => {
    const guest = type("us", [
      [0xfe03, "AltRight", true],
      ...press(0x40, "KeyQ"),
      [0xfe03, "AltRight", false],
    ]);
    expect(guest.text).toBe("@");
    expect(guest.down).toEqual(new Set());
  });

  it("a US keyboard at a French guest", () => {
    expect(type("fr", [...press(0x61, "KeyA"), ...press(0x31, "Digit1")]).text).toBe("a1");
  });

  it("the same layout changes nothing", () => {
    expect(type("us", [...press(0x61, "KeyA"), ...shifted(...press(0x40, "Digit2"))]).text).toBe("a@");
  });

  it("keeps a shortcut's key with what is held, and lets go of what was pressed", () => {
    const sent: Key[] = [];
    const keyboard = openUs(sent);
    const keys: Key[] = [
      [CONTROL, "ControlLeft", true],
      ...press(0x61, "KeyQ"),
      [CONTROL, "ControlLeft", false],
    ];
    for (const key of keys) keyboard.handle(...key);
    expect(sent).toEqual([
      [CONTROL, "ControlLeft", true],
      ...press(0x61, "KeyA"),
      [CONTROL, "ControlLeft", false],
    ]);
  });

  it("passes keys without a character and of the number pad", () => {
    const sent: Key[] = [];
    const keyboard = openUs(sent);
    const keys = [...press(0xffbe, "F1"), ...press(0x31, "Numpad1"), ...press(0xff2a, "KanaMode")];
    for (const key of keys) keyboard.handle(...key);
    expect(sent).toEqual(keys);
  });

  it("drops what the guest has no key for and says so, and drops a dead key, whose effect comes with the next", () => {
    const sent: Key[] = [];
    const missing: string[] = [];
    const keyboard = openUs(sent, missing);
    const [oe, alef] = [0x13bd, 0x5c7];
    // noVNC's keysym of a dead key is null.
    const dead = press(null as unknown as number, "BracketLeft");
    const keys = [...press(0xe9, "Digit2"), ...press(oe, "KeyO"), ...press(alef, "KeyH"), ...dead];
    for (const key of keys) keyboard.handle(...key);
    expect(sent).toEqual([]);
    expect(missing).toEqual(["é", "œ"]);
    const shortcut: Key[] = [[CONTROL, "ControlLeft", true], ...press(0xe9, "Digit2")];
    for (const key of shortcut) keyboard.handle(...key);
    expect(sent).toEqual(shortcut);
  });

  it("keeps Caps Lock here: the characters have its effect already", () => {
    expect(type("us", [...press(0xffe5, "CapsLock"), ...press(0x41, "KeyA")]).text).toBe("A");
  });
});
