import { expect, test } from "vitest";
import { isInternetAddress } from "../../../../launcher/model/internet-ranges.ts";

test.each([
  ["8.8.8.8", true],
  ["172.15.0.1", true],
  ["172.16.0.1", false],
  ["100.64.0.1", false],
  ["192.0.2.1", false],
  ["203.0.113.7", false],
  ["2606:4700::1", true],
  ["2001::1", false],
  ["2001:db8::1", false],
  ["2002:7f00:1::", false],
  ["64:ff9b::808:808", true],
  ["64:ff9b::7f00:1", false],
  ["::ffff:127.0.0.1", false],
  ["fe80::1", false],
  ["fe80::1%eth0", false],
  ["fd00::1", false],
  ["ff02::1", false],
  ["::", false],
  ["4000::1", false],
  ["example.org", false],
])("%s is of the internet: %s", (address, expected) => {
  expect(isInternetAddress(address)).toBe(expected);
});
