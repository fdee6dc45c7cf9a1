import { expect, test } from "vitest";
import { BearerThrottle } from "../../../../../web/server/sign-in/bearer-throttle.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const FREE = 10;

function failOften(throttle: BearerThrottle, address: string, times: number): void {
  for (let index = 0; index < times; index += 1) throttle.fail(address, `wrong-${index}`);
}

test("ten wrong tokens are free, then a source waits longer and longer, up to a minute", () => {
  const clock = new ManualClock();
  const throttle = new BearerThrottle(clock);
  failOften(throttle, "192.0.2.7", FREE - 1);
  expect(() => throttle.check("192.0.2.7", "next")).not.toThrow();
  failOften(throttle, "192.0.2.7", 1);
  expect(() => throttle.check("192.0.2.7", "next")).toThrow("throttled");
  clock.advance(1000);
  expect(() => throttle.check("192.0.2.7", "next")).not.toThrow();
  failOften(throttle, "192.0.2.7", 30);
  clock.advance(59_999);
  expect(() => throttle.check("192.0.2.7", "next")).toThrow("throttled");
  clock.advance(1);
  expect(() => throttle.check("192.0.2.7", "next")).not.toThrow();
});

test("other sources, and tokens that were right before, go on", () => {
  const throttle = new BearerThrottle(new ManualClock());
  throttle.succeed("right");
  failOften(throttle, "192.0.2.7", 20);
  expect(() => throttle.check("192.0.2.7", "right")).not.toThrow();
  expect(() => throttle.check("192.0.2.8", "next")).not.toThrow();
  throttle.fail("192.0.2.7", "right");
  expect(() => throttle.check("192.0.2.7", "right")).toThrow("throttled");
});

test("a source that was quiet for a quarter of an hour has its free attempts again", () => {
  const clock = new ManualClock();
  const throttle = new BearerThrottle(clock);
  failOften(throttle, "192.0.2.7", 20);
  clock.advance(900_000);
  failOften(throttle, "192.0.2.7", FREE - 1);
  expect(() => throttle.check("192.0.2.7", "next")).not.toThrow();
});

test("a flood from many sources takes no memory without end", () => {
  const throttle = new BearerThrottle(new ManualClock());
  failOften(throttle, "192.0.2.7", 20);
  for (let index = 0; index < 20_000; index += 1)
    throttle.fail(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, "wrong");
  expect(() => throttle.check("192.0.2.7", "next")).not.toThrow();
});
