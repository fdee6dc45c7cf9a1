import { expect, test } from "vitest";
import { hasFewJsonMarks } from "../../../../protocol/index.ts";

test.each<[string, number]>([
  ["", 0],
  ["7", 0],
  ["[]", 1],
  ["[[],{}]", 4],
  ['{"a":1,"b":[2,3]}', 6],
  ['"[,{"', 1],
  [String.raw`["\"[,","\\",1]`, 5],
  [String.raw`"\\\\\"[[["`, 1],
  [String.raw`["a\"`, 2],
  ['""""', 2],
  ['["[[[', 2],
])("%s has %i marks", (text, marks) => {
  expect(hasFewJsonMarks(Buffer.from(text), marks)).toBe(true);
  if (marks > 0) expect(hasFewJsonMarks(Buffer.from(text), marks - 1)).toBe(false);
});
