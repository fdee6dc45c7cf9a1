import { expect, test } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { PromptLimit } from "../../../../proxy/prompt/prompt-limit.ts";

test("one network has only so many, and gives them back", () => {
  const limit = new PromptLimit();
  const places = Array.from({ length: PROXY_LIMITS.promptsPerNetwork }, (_, index) =>
    limit.take(`192.0.2.${index}`),
  );
  expect(() => limit.take("192.0.2.200")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
  const [first] = places;
  limit.take("198.51.100.1")();
  first?.();
  first?.();
  limit.take("192.0.2.200");
  expect(() => limit.take("192.0.2.201")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
});

test("all networks together have only so many", () => {
  const limit = new PromptLimit();
  for (let index = 0; index < PROXY_LIMITS.promptsTotal; index++)
    limit.take(`10.${index >> 8}.${index & 255}.1`);
  expect(() => limit.take("192.0.2.1")).toThrow(expect.objectContaining({ code: "SERVER_BUSY" }));
});
