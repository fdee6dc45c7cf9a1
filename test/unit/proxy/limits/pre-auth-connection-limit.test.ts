import { describe, expect, it } from "vitest";
import { planDescriptors } from "../../../../proxy/limits/descriptor-budget.ts";
import {
  PreAuthConnectionLimit,
  type PreAuthKind,
  type PreAuthLimits,
} from "../../../../proxy/limits/pre-auth-connection-limit.ts";
import { networkKey, sourceKey } from "../../../../proxy/model/connection-source.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function open(limits: PreAuthLimits = planDescriptors(Infinity).preAuth) {
  const clock = new ManualClock();
  const limit = new PreAuthConnectionLimit(clock, limits);
  const closed: string[] = [];
  const acquire = (address: string, kind: PreAuthKind = "viewer", name = address) =>
    limit.acquire(address, { kind, close: () => closed.push(name) });
  /** As many connections as an address may have, or fewer. */
  const hold = (address: string, count: number, kind?: PreAuthKind) =>
    Array.from({ length: count }, () => acquire(address, kind)).filter((slot) => slot !== null).length;
  return { clock, limit, closed, acquire, hold };
}

const SMALL = { connecting: 4, viewer: 4, agent: 4, perSource: PROXY_LIMITS.preAuthPerSource };
/** So many /64 networks of one /48, each with all the connections that it may have. */
const NETWORKS = PROXY_LIMITS.preAuthViewers / PROXY_LIMITS.preAuthPerSource;

describe("slots of connections that nobody has identified", () => {
  it("are limited per source, and each is given back once", () => {
    const { limit, acquire, hold } = open();
    const first = acquire("192.0.2.1");
    expect(hold("192.0.2.1", 1000)).toBe(PROXY_LIMITS.preAuthPerSource - 1);
    expect(acquire("::ffff:192.0.2.1", "agent")).toBeNull();
    expect(acquire("192.0.2.2")).not.toBeNull();
    first?.release();
    first?.release();
    expect(limit.count).toBe(PROXY_LIMITS.preAuthPerSource);
    expect(hold("192.0.2.1", 2)).toBe(1);
  });

  it("of one kind are not taken by another", () => {
    const { acquire, closed } = open(SMALL);
    for (let n = 0; n < 9; n += 1) acquire(`198.51.100.${n}`, "viewer");
    expect(acquire("192.0.2.1", "agent")).not.toBeNull();
    expect(acquire("192.0.2.1", "connecting")).not.toBeNull();
    expect(closed.every((address) => address.startsWith("198.51.100."))).toBe(true);
  });

  it("X5: a stranger with a /48 loses the oldest ones to newcomers of other networks", () => {
    const { limit, acquire, hold, closed } = open();
    for (let n = 0; n < NETWORKS; n += 1) hold(`2001:db8:0:${n}::1`, PROXY_LIMITS.preAuthPerSource);
    expect(limit.count).toBe(PROXY_LIMITS.preAuthViewers);
    for (let n = 0; n < 100; n += 1) expect(acquire(`203.0.113.${n}`)).not.toBeNull();
    expect(closed).toHaveLength(100);
    expect(closed.every((address) => address.startsWith("2001:db8:0:"))).toBe(true);
    // More of the same network displace their own kind alone.
    for (let n = 0; n < 1000; n += 1) acquire(`2001:db8:0:ff${n}::1`);
    expect(closed.some((address) => address.startsWith("203.0.113."))).toBe(false);
  });

  it("a stranger with one address of a /24 is the one that its neighbours displace", () => {
    const { clock, acquire, closed } = open({ ...SMALL, viewer: 20 });
    for (let n = 0; n < 18; n += 1) acquire("192.0.2.1", "viewer", `stranger ${n}`);
    acquire("198.51.100.1");
    acquire("192.0.2.9");
    clock.advance(PROXY_LIMITS.preAuthSettleMs);
    expect(acquire("192.0.2.7")).not.toBeNull();
    expect(closed).toEqual(["stranger 0"]);
    expect(acquire("192.0.2.1")).toBeNull();
    expect(closed).toHaveLength(1);
  });

  it("many small networks do not displace what has just come, so that a crowd gets in at all", () => {
    const { clock, acquire, closed } = open(SMALL);
    for (let n = 0; n < 4; n += 1) acquire(`10.0.${n}.1`, "connecting");
    expect(acquire("10.0.9.1", "connecting")).toBeNull();
    clock.advance(PROXY_LIMITS.preAuthSettleMs);
    expect(acquire("10.0.9.1", "connecting")).not.toBeNull();
    expect(closed).toEqual(["10.0.0.1"]);
  });

  it("the time for a token shrinks from half of the slots on", () => {
    const { clock, acquire, closed } = open({ ...SMALL, viewer: 8 });
    for (let n = 0; n < 4; n += 1) acquire(`10.0.${n}.1`);
    clock.advance(PROXY_LIMITS.tokenEntryMs * 2);
    acquire("10.0.4.1");
    expect(closed).toEqual([]);
    clock.advance(PROXY_LIMITS.crowdedTokenEntryMs);
    acquire("10.0.5.1");
    // Only until there are no more than half.
    expect(closed).toEqual(["10.0.0.1"]);
    for (let n = 6; n < 9; n += 1) acquire(`10.0.${n}.1`);
    expect(closed).toEqual(["10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1"]);
    clock.advance(PROXY_LIMITS.crowdedTokenEntryMs - 1);
    for (let n = 9; n < 12; n += 1) acquire(`10.0.${n}.1`);
    expect(closed).not.toContain("10.0.5.1");
  });

  it("move with what a connection turns out to be", () => {
    const { limit, acquire, closed } = open(SMALL);
    const slots = Array.from({ length: 4 }, (_, n) => acquire(`10.0.${n}.1`, "connecting"));
    expect(slots.map((slot) => slot?.moveTo("viewer"))).toEqual([true, true, true, true]);
    expect(acquire("10.0.4.1", "connecting")).not.toBeNull();
    const late = acquire("10.0.5.1", "connecting");
    expect(late?.moveTo("viewer")).toBe(false);
    expect(closed).toEqual(["10.0.5.1"]);
    expect(limit.count).toBe(5);
    for (const slot of slots) slot?.release();
    expect(limit.count).toBe(1);
  });
});

describe("sourceKey", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1", "192.0.2.0/24"],
    ["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.0/24"],
    ["::1", "0:0:0:0::/64", "0:0:0::/48"],
    ["2001:0db8:0000:0001:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64", "2001:db8:0::/48"],
    ["2001:db8:0:1::9", "2001:db8:0:1::/64", "2001:db8:0::/48"],
    ["fe80::1%eth0", "fe80:0:0:0::/64", "fe80:0:0::/48"],
    ["2001:db8::", "2001:db8:0:0::/64", "2001:db8:0::/48"],
    ["", "", ""],
  ])("%s counts as %s, in %s", (address, source, network) => {
    expect([sourceKey(address), networkKey(address)]).toEqual([source, network]);
  });
});
