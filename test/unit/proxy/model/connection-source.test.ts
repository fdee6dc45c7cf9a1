import { describe, expect, it } from "vitest";
import {
  canonicalAddress,
  isLoopbackAddress,
  plainAddress,
} from "../../../../proxy/model/connection-source.ts";

describe("an address that comes in", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:7f00:1", "127.0.0.1"],
    ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0:0:0:0:0:7", "2001:db8::7"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["::1", "::1"],
    ["localhost", "localhost"],
    ["", ""],
  ])("%s is written %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["::ffff:127.0.0.1", true],
    ["::1", true],
    ["128.0.0.1", false],
    ["192.0.2.127", false],
    ["::2", false],
    ["127.example", false],
    ["", false],
  ])("%s is this machine: %s", (address, isOurs) => {
    expect(isLoopbackAddress(address)).toBe(isOurs);
  });

  it("has no zone where it is compared", () => {
    expect(plainAddress("fe80::1%eth0")).toBe("fe80::1");
    expect(plainAddress("::ffff:10.0.0.1%lo")).toBe("10.0.0.1");
  });
});
