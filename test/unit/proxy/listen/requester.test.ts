import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { AddressRanges } from "../../../../proxy/limits/address-ranges.ts";
import { requesterOf } from "../../../../proxy/listen/requester.ts";

const TRUSTED = new AddressRanges(["192.0.2.0/24", "2001:db8:1::/48"]);

function ask(peer: string | undefined, forwarded?: string | string[], trusted = TRUSTED) {
  const socket = { remoteAddress: peer, remotePort: peer && 4711 };
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return requesterOf({ socket, headers } as unknown as IncomingMessage, trusted);
}

describe("whom a request comes from", () => {
  it.each<[string, string | string[], string]>([
    ["192.0.2.1", "203.0.113.9", "203.0.113.9"],
    ["::ffff:192.0.2.1", "203.0.113.9", "203.0.113.9"],
    ["192.0.2.1", "203.0.113.9:4711", "203.0.113.9"],
    ["192.0.2.1", "2001:db8:2::7", "2001:db8:2::7"],
    ["2001:db8:1::1", "[2001:db8:2::7]:443", "2001:db8:2::7"],
    ["192.0.2.1", "203.0.113.9, 192.0.2.77", "203.0.113.9"],
    ["192.0.2.1", ["203.0.113.9", "192.0.2.77"], "203.0.113.9"],
    ["192.0.2.1", "192.0.2.7", "192.0.2.7"],
  ])("behind %s with %j: %s", (peer, forwarded, found) => {
    expect(ask(peer, forwarded)).toEqual({ address: found, port: 0 });
  });

  it("what a client wrote in front of it does not count", () => {
    expect(ask("192.0.2.1", "198.51.100.1, 192.0.2.9, 203.0.113.9")).toMatchObject({
      address: "203.0.113.9",
    });
    expect(ask("192.0.2.1", ["198.51.100.1", "203.0.113.9"])).toMatchObject({ address: "203.0.113.9" });
  });

  it.each([
    "",
    "unknown",
    "203.0.113.9, unknown",
    "203.0.113.9,",
    "1.2.3.4.5",
    "desk.example.org",
    "1.2.3.4:x",
  ])("%j tells nothing: it is the reverse proxy", (forwarded) => {
    expect(ask("192.0.2.1", forwarded)).toEqual({ address: "192.0.2.1", port: 4711 });
  });

  it("nobody else's header is looked at, and nobody's unless somebody is trusted", () => {
    expect(ask("203.0.113.5", "203.0.113.9")).toEqual({ address: "203.0.113.5", port: 4711 });
    expect(ask("192.0.2.1", "203.0.113.9", new AddressRanges([]))).toMatchObject({ address: "192.0.2.1" });
    expect(ask(undefined, "203.0.113.9")).toBeNull();
  });

  it("no more than sixteen reverse proxies in a row are followed back", () => {
    const row = (count: number) => ["203.0.113.9", ...Array<string>(count).fill("192.0.2.2")].join(",");
    expect(ask("192.0.2.1", row(15))).toMatchObject({ address: "203.0.113.9" });
    expect(ask("192.0.2.1", row(16))).toMatchObject({ address: "192.0.2.2" });
  });
});
