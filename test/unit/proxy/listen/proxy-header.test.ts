import { describe, expect, it } from "vitest";
import { parseAll } from "../../../../protocol/index.ts";
import { proxyHeader } from "../../../../proxy/listen/proxy-header.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const REST = Buffer.from("what follows");

function binary(head: string, body: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length / 2);
  return Buffer.from(SIGNATURE + head + length.toString("hex") + body, "hex");
}

const TCP4 = "cb007109" + "0a000001" + "d431" + "01bb";
const TCP6 = "20010db8000000000000000000000007" + "0".repeat(31) + "1" + "d431" + "01bb";
const MAPPED = "00000000000000000000ffffcb007109" + "0".repeat(31) + "1" + "d431" + "01bb";
const TLV = "03000411223344";

describe("a PROXY protocol header", () => {
  it.each<[string, Buffer, unknown]>([
    ["v1, IPv4", Buffer.from("PROXY TCP4 203.0.113.9 10.0.0.1 54321 443\r\n"), ["203.0.113.9", 54321]],
    ["v1, IPv6", Buffer.from("PROXY TCP6 2001:db8:0::7 ::1 54321 443\r\n"), ["2001:db8::7", 54321]],
    ["v1, IPv4 in IPv6", Buffer.from("PROXY TCP6 ::ffff:203.0.113.9 ::1 1 443\r\n"), ["203.0.113.9", 1]],
    ["v1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), null],
    ["v1, unknown with more", Buffer.from(`PROXY UNKNOWN ${"f".repeat(91)}\r\n`), null],
    ["v2, IPv4", binary("2111", TCP4), ["203.0.113.9", 54321]],
    ["v2, IPv4 with more", binary("2111", TCP4 + TLV), ["203.0.113.9", 54321]],
    ["v2, IPv6", binary("2121", TCP6), ["2001:db8::7", 54321]],
    ["v2, IPv4 in IPv6", binary("2121", MAPPED), ["203.0.113.9", 54321]],
    ["v2, local", binary("2000", ""), null],
    ["v2, local with an address", binary("2011", TCP4), null],
    ["v2, no family", binary("2100", ""), null],
    ["v2, a Unix socket", binary("2131", "00".repeat(216)), null],
    ["v2, the longest", binary("2111", TCP4 + "00".repeat(2_036)), ["203.0.113.9", 54321]],
  ])("%s: read whole, awaited at every byte, nothing after it taken", (_name, header, expected) => {
    const value = Array.isArray(expected) ? { address: expected[0], port: expected[1] } : null;
    expect(parseAll(proxyHeader(), Buffer.concat([header, REST]))).toEqual({ value, rest: REST });
    for (let length = 0; length < header.length; length++)
      expect(parseAll(proxyHeader(), header.subarray(0, length))).toHaveProperty("missing");
  });

  it.each<[string, Buffer | string]>([
    ["no header", "GET / HTTP/1.1\r\n"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00"],
    ["an address of the other family", "PROXY TCP4 ::1 10.0.0.1 1 2\r\n"],
    ["a name", "PROXY TCP4 localhost 10.0.0.1 1 2\r\n"],
    ["a port too high", "PROXY TCP4 10.0.0.1 10.0.0.1 65536 2\r\n"],
    ["no ports", "PROXY TCP4 10.0.0.1 10.0.0.1\r\n"],
    ["a sixth word", "PROXY TCP4 10.0.0.1 10.0.0.1 1 2 3\r\n"],
    ["another family", "PROXY UDP4 10.0.0.1 10.0.0.1 1 2\r\n"],
    ["a line too long", `PROXY UNKNOWN ${"f".repeat(92)}\r\n`],
    ["a broken signature", Buffer.from(SIGNATURE.replace("51", "52"), "hex")],
    ["version 1 in binary", binary("1111", TCP4)],
    ["an unknown command", binary("2211", TCP4)],
    ["IPv4 that is cut", binary("2111", TCP4.slice(2))],
    ["IPv6 that is cut", binary("2121", TCP6.slice(2))],
    ["a body too long", binary("2111", "00".repeat(2_049))],
  ])("%s: refused", (_name, input) => {
    const bytes = typeof input === "string" ? Buffer.from(input, "latin1") : input;
    expect(() => parseAll(proxyHeader(), bytes)).toThrow(/forwarder|at most/);
  });
});
