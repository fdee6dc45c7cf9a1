import fc from "fast-check";
import { expect, it } from "vitest";
import {
  rangeCovers,
  embedIpv4Range,
  formatRange,
  rangesOverlap,
  parseRange,
} from "../../../../launcher/model/ip-ranges.ts";

const read = (text: string) => parseRange(text)!;

it.each([
  ["192.0.2.7", "192.0.2.7/32"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["::1", "::1/128"],
  ["::", "::/128"],
  ["::/0", "::/0"],
  ["fd00::/64", "fd00::/64"],
  ["fe80::1/10", "fe80::/10"],
  ["2000::/3", "2000::/3"],
  ["2a00:77:0:0:5::1", "2a00:77::5:0:0:1/128"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3/128"],
  ["::ffff:10.0.0.1", "::ffff:a00:1/128"],
  ["2001:db8::a:0:0:0/80", "2001:db8:0:0:a::/80"],
])("reads %s as %s", (text, expected) => {
  expect(formatRange(read(text))).toBe(expected);
});

it.each(["", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "fe80::1%eth0", "10.0.0.0/-1", "10.0.0.0/08", "name"])(
  "refuses %j",
  (text) => {
    expect(parseRange(text)).toBeNull();
  },
);

it("writes every range so that it reads the same again", () => {
  const group = fc.constantFrom("0", "0", "0", "1", "a0", "fd00", "ffff");
  const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":"));
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 128 }), (text, bits) => {
      const range = read(`${text}/${bits}`);
      expect(parseRange(formatRange(range))).toEqual(range);
    }),
  );
});

it("knows what lies in what", () => {
  expect(rangesOverlap(read("10.0.0.0/8"), read("10.9.0.0/16"))).toBe(true);
  expect(rangesOverlap(read("10.0.0.0/8"), read("11.0.0.0/8"))).toBe(false);
  expect(rangesOverlap(read("0.0.0.0/0"), read("::/0"))).toBe(false);
  expect(rangeCovers(read("10.0.0.0/8"), read("10.9.0.0/16"))).toBe(true);
  expect(rangeCovers(read("10.9.0.0/16"), read("10.0.0.0/8"))).toBe(false);
});

it("puts an IPv4 range into an IPv6 one", () => {
  expect(formatRange(embedIpv4Range(read("64:ff9b::/96"), read("10.0.0.0/8")))).toBe("64:ff9b::a00:0/104");
  expect(formatRange(embedIpv4Range(read("2002::/16"), read("10.0.0.0/8")))).toBe("2002:a00::/24");
});
