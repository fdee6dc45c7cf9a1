import { Command } from "commander";
import { expect, test } from "vitest";
import { createDenyOption } from "../../../../bin/commands/deny-option.ts";

function parse(...args: string[]): unknown {
  return new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(createDenyOption())
    .parse(args, { from: "user" })
    .opts()["deny"];
}

test.each([
  [
    ["--deny", "power,resize"],
    ["power", "resize"],
  ],
  [
    ["--deny", "power", "--deny", "resize"],
    ["power", "resize"],
  ],
  [
    ["--deny", "power,audio", "--deny", "audio,,resize"],
    ["power", "audio", "resize"],
  ],
])("%j denies all that was named, however often the option is given", (args, denied) => {
  expect(parse(...args)).toEqual(denied);
});

test("nothing is denied by itself, and no unknown word", () => {
  expect(parse()).toBeUndefined();
  expect(() => parse("--deny", "power,everything")).toThrow(/everything is none of/);
});
