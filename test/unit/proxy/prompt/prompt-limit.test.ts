import { expect, test } from "vitest";
import { PromptLimit } from "../../../../proxy/prompt/prompt-limit.ts";

const LIMITS = { perKey: 3, total: 5 };

test("one network or person has only so many, and gives them back once", () => {
  const limit = new PromptLimit(LIMITS);
  const places = Array.from({ length: LIMITS.perKey }, () => limit.take("a"));
  expect(() => limit.take("a")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
  const [first] = places;
  limit.take("b")();
  first?.();
  first?.();
  limit.take("a");
  expect(() => limit.take("a")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
});

test("all together have only so many", () => {
  const limit = new PromptLimit(LIMITS);
  for (let index = 0; index < LIMITS.total; index++) limit.take(String(index));
  expect(() => limit.take("another")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
});
