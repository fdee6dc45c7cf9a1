import { describe, expect, it } from "vitest";
import { isOriginAllowed } from "../../../../proxy/identify/origin.ts";
import {
  offerTicketSubProtocols,
  readSubProtocolOffer,
} from "../../../../proxy/identify/websocket-sub-protocols.ts";

const LISTED = ["https://desk.example.org", "https://vnc.example.org:8443/"];

describe("isOriginAllowed", () => {
  it.each([
    [undefined, "any:1", true],
    ["https://desk.example.org", undefined, true],
    ["https://desk.example.org:443", undefined, true],
    ["https://vnc.example.org:8443", undefined, true],
    ["https://127.0.0.1:8443", "127.0.0.1:8443", true],
    ["https://host", "host:443", true],
    ["http://desk.example.org", undefined, false],
    ["https://desk.example.org:8443", undefined, false],
    ["https://desk.example.org.evil.org", undefined, false],
    ["https://evil.org/https://desk.example.org", undefined, false],
    ["https://desk.example.org@evil.org", undefined, false],
    ["http://127.0.0.1:8443", "127.0.0.1:8443", false],
    ["https://evil.org", "127.0.0.1:8443", false],
    ["null", "null", false],
    ["file://", undefined, false],
    ["", "host", false],
    ["https://host", "host/evil", false],
  ])("%s at %s: %s", (origin, host, allowed) => {
    expect(isOriginAllowed(origin, host, LISTED)).toBe(allowed);
  });
});

describe("readOffer", () => {
  const ticket = "Az09_-".padEnd(43, "x");
  it.each([
    [undefined, { kind: "token" }],
    ["binary", { kind: "token" }],
    [offerTicketSubProtocols(ticket).join(", "), { kind: "ticket", ticket }],
    [offerTicketSubProtocols(ticket).reverse().join(","), { kind: "ticket", ticket }],
    [`postern.ticket.${ticket}`, { kind: "wrong" }],
    [`binary, postern.ticket.${ticket}x`, { kind: "wrong" }],
    ["binary, postern.ticket.", { kind: "wrong" }],
    ["base64", { kind: "wrong" }],
    ["binary, base64", { kind: "token" }],
    ["base64, binary", { kind: "token" }],
    [`base64, binary, postern.ticket.${ticket}`, { kind: "ticket", ticket }],
    [`binary, postern.ticket.${ticket}, postern.ticket.${ticket}`, { kind: "wrong" }],
    ["", { kind: "wrong" }],
  ])("%s", (header, offer) => {
    expect(readSubProtocolOffer(header)).toEqual(offer);
  });
});
