import { expect, test } from "vitest";
import { AddressRanges } from "../../../../proxy/limits/address-ranges.ts";

test.each([
  ["10.0.0.0/8", ["10.255.0.1", "::ffff:10.1.2.3"], ["11.0.0.0", "::10.0.0.1"]],
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]],
  ["2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::", "10.0.0.1"]],
  ["::1", ["::1", "::1%lo"], ["::2", "127.0.0.1"]],
  ["0.0.0.0/0", ["203.0.113.9"], ["2001:db8::1", "", "localhost"]],
])("%s", (range, inside, outside) => {
  const ranges = new AddressRanges(["198.51.100.0/24", range]);
  for (const address of inside) expect(ranges.contains(address), address).toBe(true);
  for (const address of outside) expect(ranges.contains(address), address).toBe(false);
});

test("nothing is in no ranges", () => {
  expect(new AddressRanges([]).contains("127.0.0.1")).toBe(false);
});

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0/8",
  "::/129",
  "10.0.0.0/8/8",
  "10.0.0.0/-1",
  "host",
  "10.0.0.0/ 8",
])("%j is no range", (text) => {
  expect(() => new AddressRanges([text])).toThrow(/is no address range/);
});
