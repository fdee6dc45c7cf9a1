import { describe, expect, it } from "vitest";
import { PreAuthConnectionLimit } from "../../../../proxy/admit/pre-auth-connection-limit.ts";
import { sourceKey } from "../../../../proxy/model/connection-source.ts";

describe("ConnectionBudget", () => {
  it("has places per source and in all, and gets each back once", () => {
    const budget = new PreAuthConnectionLimit({ perSource: 2, total: 3 });
    const first = budget.acquire("192.0.2.1");
    expect(budget.acquire("::ffff:192.0.2.1")).not.toBeNull();
    expect(budget.acquire("192.0.2.1")).toBeNull();
    expect(budget.acquire("192.0.2.2")).not.toBeNull();
    expect(budget.acquire("192.0.2.3")).toBeNull();
    first?.();
    first?.();
    expect(budget.count).toBe(2);
    expect(budget.acquire("192.0.2.1")).not.toBeNull();
    expect(budget.acquire("192.0.2.1")).toBeNull();
  });
});

describe("sourceKey", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::1", "0:0:0:0::/64"],
    ["2001:0db8:0000:0001:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64"],
    ["2001:db8:0:1::9", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
  ])("%s counts as %s", (address, key) => {
    expect(sourceKey(address)).toBe(key);
  });
});
