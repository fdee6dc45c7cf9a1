import { describe, expect, it } from "vitest";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ReconnectRateLimit, computeReconnectSpread } from "../../../../proxy/agents/reconnect-rate-limit.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const { agentsAtOnce, agentsPerSecond, drainSpreadMs } = PROXY_LIMITS;

describe("agents that come back", () => {
  it("enter at once up to the limit, and one by one from then on", () => {
    const clock = new ManualClock();
    const pace = new ReconnectRateLimit(clock);
    for (let i = 0; i < agentsAtOnce; i += 1) expect(pace.reserve()).toBe(0);
    expect(pace.reserve()).toBe(1000 / agentsPerSecond);
    clock.advance(1000 / agentsPerSecond);
    expect(pace.reserve()).toBe(0);
    expect(pace.reserve()).toBeGreaterThan(0);
  });

  it("are told times that differ, as far apart as the limit has it", () => {
    const pace = new ReconnectRateLimit(new ManualClock());
    for (let i = 0; i < agentsAtOnce; i += 1) pace.reserve();
    const waits = Array.from({ length: agentsPerSecond }, () => pace.reserve());
    expect(new Set(waits).size).toBe(agentsPerSecond);
    expect(Math.max(...waits)).toBe(1000);
  });

  it("all enter, five thousand of them, when they come at the times they were told", () => {
    const clock = new ManualClock();
    const pace = new ReconnectRateLimit(clock);
    const total = 5000;
    let entered = 0;
    let refusals = 0;
    const come = (): void => {
      const waitMs = pace.reserve();
      if (waitMs === 0) entered += 1;
      else {
        refusals += 1;
        clock.after(waitMs, come);
      }
    };
    for (let i = 0; i < total; i += 1) come();
    expect(entered).toBe(agentsAtOnce);
    clock.advance(((total - agentsAtOnce) * 1000) / agentsPerSecond + 1000);
    expect(entered).toBe(total);
    expect(refusals).toBeLessThan(2 * total);
  });

  it("have room again when all is quiet", () => {
    const clock = new ManualClock();
    const pace = new ReconnectRateLimit(clock);
    for (let i = 0; i < agentsAtOnce; i += 1) pace.reserve();
    clock.advance((agentsAtOnce * 1000) / agentsPerSecond);
    for (let i = 0; i < agentsAtOnce; i += 1) expect(pace.reserve()).toBe(0);
    expect(pace.reserve()).toBeGreaterThan(0);
  });

  it("are told by a server that stops how far to spread", () => {
    expect(computeReconnectSpread(1)).toBe(drainSpreadMs);
    expect(computeReconnectSpread((drainSpreadMs / 1000) * agentsPerSecond)).toBe(drainSpreadMs);
    expect(computeReconnectSpread(5000)).toBe((5000 * 1000) / agentsPerSecond);
  });
});
