import { expect, it } from "vitest";
import { TakeoverDamper } from "../../../../proxy/limits/takeover-damper.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const { freeTakeovers, firstTakeoverMs, longestTakeoverMs, takeoverMemoryMs, takeoverAgents } = PROXY_LIMITS;

it("the first takeovers are free, then each waits twice as long, up to a longest wait; peace ends it", () => {
  const clock = new ManualClock();
  const damper = new TakeoverDamper(clock);
  for (let count = 1; count < freeTakeovers; count++) {
    expect(damper.note("a")).toBe(count);
    expect(damper.remainingMs("a")).toBe(0);
  }
  const waits: number[] = [];
  for (let count = freeTakeovers; count < freeTakeovers + 12; count++) {
    damper.note("a");
    expect(damper.isDisputed("a")).toBe(count > freeTakeovers);
    waits.push(damper.remainingMs("a"));
    clock.advance(damper.remainingMs("a"));
    expect(damper.remainingMs("a")).toBe(0);
  }
  expect(waits.slice(0, 3)).toEqual([firstTakeoverMs, 2 * firstTakeoverMs, 4 * firstTakeoverMs]);
  expect(waits.at(-1)).toBe(longestTakeoverMs);
  expect(damper.remainingMs("b")).toBe(0);
  clock.advance(takeoverMemoryMs);
  expect(damper.isDisputed("a")).toBe(false);
  expect(damper.note("a")).toBe(1);
});

it("remembers so many and no more", () => {
  const damper = new TakeoverDamper(new ManualClock());
  for (let round = 0; round < freeTakeovers; round++) damper.note("first");
  expect(damper.remainingMs("first")).toBe(firstTakeoverMs);
  for (let other = 0; other < takeoverAgents; other++) damper.note(`agent ${other}`);
  expect(damper.remainingMs("first")).toBe(0);
});
