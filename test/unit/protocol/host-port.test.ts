import { describe, expect, it } from "vitest";
import {
  bracketHost,
  formatHostPort,
  formatViewerAddress,
  parseHostPort,
  unbracketHost,
} from "../../../protocol/host-port.ts";

describe("HOST:PORT", () => {
  it.each([
    ["postern.example:5900", { host: "postern.example", port: 5900 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[2001:db8::1]:65535", { host: "2001:db8::1", port: 65_535 }],
    ["[fe80::1%eth0]:5900", { host: "fe80::1%eth0", port: 5900 }],
    ["[fe80::1%br-lan.7]:5900", { host: "fe80::1%br-lan.7", port: 5900 }],
  ])("%s is taken apart and put together", (text, parsed) => {
    expect(parseHostPort(text)).toEqual(parsed);
    expect(formatHostPort(parsed)).toBe(text);
  });

  it.each([
    "",
    "host",
    "host:",
    ":1",
    "host:65536",
    "host:1234567",
    "2001:db8::1",
    "[host]:1",
    "[::1]",
    "[fe80::1%]:1",
    "[fe80::1%a b]:1",
    "fe80::1%eth0:1",
    "a b:1",
  ])("%j is neither form", (text) => {
    expect(parseHostPort(text)).toBeNull();
  });

  it("is written with two colons for VNC viewers", () => {
    expect(formatViewerAddress({ host: "::1", port: 5900 })).toBe("[::1]::5900");
    expect(formatViewerAddress({ host: "desk.example.org", port: 5900 })).toBe("desk.example.org::5900");
  });

  it("puts IPv6 addresses alone in brackets", () => {
    expect(["::1", "host"].map(bracketHost)).toEqual(["[::1]", "host"]);
    expect(["[::1]", "::1", "host"].map(unbracketHost)).toEqual(["::1", "::1", "host"]);
  });
});
