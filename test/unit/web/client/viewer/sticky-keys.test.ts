import { expect, it } from "vitest";
import { HOLDABLE_KEYS } from "../../../../../web/client/viewer/keysyms.ts";
import { StickyKeys, type StickyState } from "../../../../../web/client/viewer/sticky-keys.ts";

const [control, alt] = [HOLDABLE_KEYS[0]!, HOLDABLE_KEYS[1]!];

function open() {
  const sent: string[] = [];
  let states: ReadonlyMap<string, StickyState> = new Map();
  const sticky = new StickyKeys({
    hold: (key, down) => sent.push(`${down ? "+" : "-"}${key.label}`),
    onChange: (next) => (states = next),
  });
  return { sticky, sent, states: () => Object.fromEntries(states) };
}

it("one touch holds a key for the next key alone", () => {
  const { sticky, sent, states } = open();
  sticky.touch(control);
  sticky.touch(alt);
  expect(states()).toEqual({ ControlLeft: "once", AltLeft: "once" });
  sticky.noteKey();
  sticky.noteKey();
  expect(sent).toEqual(["+Ctrl", "+Alt", "-Ctrl", "-Alt"]);
  expect(states()).toEqual({});
});

it("a second touch locks it until the third, and all are let go at the end", () => {
  const { sticky, sent, states } = open();
  sticky.touch(control);
  sticky.touch(control);
  sticky.noteKey();
  expect(states()).toEqual({ ControlLeft: "locked" });
  sticky.touch(control);
  expect(sent).toEqual(["+Ctrl", "-Ctrl"]);
  sticky.touch(alt);
  sticky.releaseAll();
  sticky.releaseAll();
  expect(sent.slice(2)).toEqual(["+Alt", "-Alt"]);
});
