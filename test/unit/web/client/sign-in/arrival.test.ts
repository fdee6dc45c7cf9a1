import { afterEach, expect, test, vi } from "vitest";
import { takeArrival } from "../../../../../web/client/sign-in/arrival.ts";

const STEP = "s".repeat(43);

afterEach(() => {
  vi.unstubAllGlobals();
});

function open(hash: string, search = "", pathname = "/") {
  const replaced: string[] = [];
  vi.stubGlobal("location", { hash, search, pathname });
  vi.stubGlobal("history", {
    state: null,
    replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url),
  });
  return replaced;
}

test.each([
  [`#step=${STEP}`, "", { stepId: STEP, code: null, refused: null }],
  ["#code=012345", "", { stepId: null, code: "012345", refused: null }],
  ["", "?refused=LOGIN_DECLINED", { stepId: null, code: null, refused: "LOGIN_DECLINED" }],
])("%s%s is taken out of the address", (hash, search, arrival) => {
  const replaced = open(hash, search);
  expect(takeArrival()).toEqual(arrival);
  expect(replaced).toHaveLength(1);
  expect(replaced[0]).not.toContain("#");
});

test.each(["", "#wall", "#step=", `#step=${STEP}x`, `#x&step=${STEP}`])("%j brings nothing", (hash) => {
  const replaced = open(hash);
  expect(takeArrival()).toEqual({ stepId: null, code: null, refused: null });
  expect(replaced).toEqual([]);
});

test("a step that is behind the page that was wanted leaves that page", () => {
  const replaced = open(`#step=${STEP}`, "", "/view/d1");
  expect(takeArrival().stepId).toBe(STEP);
  expect(replaced).toEqual(["/view/d1"]);
});
