import { describe, expect, it } from "vitest";
import { encodeProtocolVersion, parseAll, protocolVersion } from "../../../../protocol/index.ts";
import { checkGrammar, parseExactly } from "../check-grammar.ts";

describe("ProtocolVersion", () => {
  it.each(["3.3", "3.7", "3.8"] as const)("reads and writes %s", (version) => {
    checkGrammar(protocolVersion, encodeProtocolVersion(version), version);
  });

  it("is the 12 bytes of RFC 6143 §7.1.1", () => {
    expect(encodeProtocolVersion("3.8").toString("latin1")).toBe("RFB 003.008\n");
  });

  it.each([
    ["003.889", "3.8"],
    ["004.000", "3.8"],
    ["004.001", "3.8"],
    ["005.000", "3.8"],
    ["003.000", "3.3"],
    ["003.005", "3.3"],
    ["003.006", "3.3"],
    ["003.009", "3.3"],
    ["003.130", "3.3"],
  ])("takes %s for %s", (wire, version) => {
    expect(parseExactly(protocolVersion(), Buffer.from(`RFB ${wire}\n`))).toBe(version);
  });

  it.each([
    "RFB 000.000\n",
    "RFB 002.002\n",
    "RFB 006.000\n",
    "RFB 003.008\r",
    "RFB 03.008\n\n",
    "RFB 003 008\n",
    "RFB -03.008\n",
    "REP 003.008\n",
    "rfb 003.008\n",
  ])("refuses %j", (wire) => {
    expect(() => parseAll(protocolVersion(), Buffer.from(wire))).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "RFB_VERSION" }),
    );
  });

  it("refuses another protocol after four bytes", () => {
    expect(() => parseAll(protocolVersion(), Buffer.from("GET "))).toThrow("not an RFB version");
  });
});
