import { expect, test } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { CircuitBreaker } from "../../../../proxy/state/circuit-breaker.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function make() {
  const clock = new ManualClock();
  return { clock, breaker: new CircuitBreaker(clock) };
}

test("after a failure all are refused, then one may try", () => {
  const { clock, breaker } = make();
  expect(breaker.allows()).toBe(true);
  breaker.fail(clock.monotonic());
  expect(breaker.allows()).toBe(false);
  clock.advance(PROXY_LIMITS.stateRetryMs);
  expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
});

test("the one that tries decides for all", () => {
  const { clock, breaker } = make();
  breaker.fail(clock.monotonic());
  clock.advance(PROXY_LIMITS.stateRetryMs);
  breaker.allows();
  breaker.fail(clock.monotonic());
  expect(breaker.allows()).toBe(false);
  clock.advance(PROXY_LIMITS.stateRetryMs);
  breaker.allows();
  breaker.succeed();
  expect([breaker.allows(), breaker.allows()]).toEqual([true, true]);
});

test("one that does not ask after all leaves the try to the next", () => {
  const { clock, breaker } = make();
  breaker.fail(clock.monotonic());
  clock.advance(PROXY_LIMITS.stateRetryMs);
  breaker.allows();
  breaker.abandon();
  expect(breaker.allows()).toBe(true);
});

test("a call that fails while others are answered refuses nobody", () => {
  const { clock, breaker } = make();
  const begunAt = clock.monotonic();
  clock.advance(1);
  breaker.succeed();
  breaker.fail(begunAt);
  expect(breaker.allows()).toBe(true);
});
