import { expect, test } from "vitest";
import { AddressRanges } from "../../../../proxy/limits/address-ranges.ts";

test.each([
  [["192.0.2.0/24"], "192.0.2.255", true],
  [["192.0.2.0/24"], "192.0.3.0", false],
  [["192.0.2.0/24"], "::ffff:192.0.2.7", true],
  [["192.0.2.7"], "192.0.2.7", true],
  [["192.0.2.7"], "192.0.2.8", false],
  [["192.0.2.7/32"], "192.0.2.6", false],
  [["0.0.0.0/0"], "203.0.113.9", true],
  [["0.0.0.0/0"], "2001:db8::1", false],
  [["::/0"], "2001:db8::1", true],
  [["2001:db8::/32"], "2001:db8:ffff::1", true],
  [["2001:db8::/32"], "2001:db9::1", false],
  [["fe80::/10"], "fe80::1%eth0", true],
  [["2001:db8::1"], "2001:DB8:0:0:0:0:0:1", true],
  [["192.0.2.0/24", "198.51.100.1"], "198.51.100.1", true],
  [[], "127.0.0.1", false],
  [["::/0"], "not an address", false],
])("%j allows %s: %s", (ranges, address, allowed) => {
  expect(new AddressRanges(ranges).contains(address)).toBe(allowed);
});

test.each([
  "",
  "/8",
  "10.0.0.0/33",
  "10.0.0/8",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "::/129",
  "host",
  "fe80::1%eth0",
])("%j is no range", (range) => {
  expect(() => new AddressRanges([range])).toThrow(/is no address range/);
});
