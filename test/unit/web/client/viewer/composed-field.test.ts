import { describe, expect, it } from "vitest";
import { ComposedField, describeFieldChange } from "../../../../../web/client/viewer/composed-field.ts";

function open() {
  let typed = "";
  const field = { value: "", setSelectionRange: () => undefined } as unknown as HTMLInputElement;
  const composed = new ComposedField((text) => (typed += text));
  composed.reset(field);
  const base = field.value;
  const change = (text: string) => {
    field.value = base + text;
    composed.update(field);
  };
  return { field, composed, change, base, typed: () => typed };
}

describe("what a field became, as keys", () => {
  it.each([
    ["", "a", "a"],
    ["helo", "hello", "\blo"],
    ["hello", "", "\b\b\b\b\b"],
    ["teh ", "the ", "\b\b\bhe "],
    ["a😀", "a", "\b"],
  ])("%j, %j", (before, after, keys) => expect(describeFieldChange(before, after)).toBe(keys));
});

describe("a field that is typed into", () => {
  it("passes a composed word once, at its commit", () => {
    const { field, composed, change, typed } = open();
    composed.startComposition();
    for (const step of ["h", "he", "hel", "hell", "hello"]) change(step);
    expect(typed()).toBe("");
    composed.endComposition(field);
    change("hello");
    change("hello ");
    expect(typed()).toBe("hello ");
  });

  it("passes nothing of what was deleted while composing", () => {
    const { field, composed, change, typed } = open();
    composed.startComposition();
    for (const step of ["c", "cx", "c", "ca"]) change(step);
    composed.endComposition(field);
    expect(typed()).toBe("ca");
  });

  it("passes a correction of the word before as backspaces and the new one", () => {
    const { change, typed } = open();
    change("teh ");
    change("the ");
    expect(typed()).toBe("teh \b\b\bhe ");
  });

  it("passes backspaces in an empty field, for as long as one likes", () => {
    const { field, composed, typed } = open();
    for (let count = 0; count < 100; count += 1) {
      field.value = field.value.slice(0, -1);
      composed.update(field);
    }
    expect(typed()).toBe("\b".repeat(100));
  });
});
