import { describe, expect, test } from "vitest";
import { isAllowedServer, parseAllowedServers } from "../../../../agent/serve/allowed-servers.ts";

const ALLOWED = parseAllowedServers(
  [
    { host: "Gate.Example.org", port: 443 },
    { host: "::1", port: 8443 },
  ],
  [".pool.example.org:8443", "10.1.2.3:443", "[2001:DB8::1]:443", ".1:443"],
);

describe("where a Setup request may send us", () => {
  test.each([
    ["gate.example.org", 443],
    ["GATE.example.ORG.", 443],
    ["::1", 8443],
    ["[::1]", 8443],
    ["a.pool.example.org", 8443],
    ["a.b.pool.example.org", 8443],
    ["10.1.2.3", 443],
    ["2001:db8::1", 443],
  ])("%s:%i is allowed", (host, port) => {
    expect(isAllowedServer(ALLOWED, { host, port })).toBe(true);
  });

  test.each([
    ["gate.example.org", 8443],
    ["evil-gate.example.org", 443],
    ["gate.example.org.evil.net", 443],
    ["pool.example.org", 8443],
    [".pool.example.org", 8443],
    ["evilpool.example.org", 8443],
    ["a.pool.example.org", 22],
    ["127.0.0.1", 8443],
    ["10.0.0.1", 443],
    ["", 443],
  ])("%s:%i is not", (host, port) => {
    expect(isAllowedServer(ALLOWED, { host, port })).toBe(false);
  });

  test.each(["", "host", ":443", ".:443", "host:", "host:0", "host:65536", "host:4x3", "*.org:443", "a b:1"])(
    "the pattern %j is refused",
    (pattern) => {
      expect(() => parseAllowedServers([], [pattern])).toThrow(/Write HOST:PORT/);
    },
  );
});
