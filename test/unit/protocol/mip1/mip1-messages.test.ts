import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mip1, parseAll } from "../../../../protocol/index.ts";
import { checkGrammar, parseExactly } from "../check-grammar.ts";

const JOB = "354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0";

const VECTORS: readonly { readonly name: string; readonly wire: Buffer; readonly value: mip1.Mip1Message }[] =
  [
    {
      name: "Handshake",
      wire: Buffer.concat([Buffer.from("00010000002e", "hex"), Buffer.from(JOB)]),
      value: { type: 0, identifierType: 1, identifier: JOB },
    },
    {
      name: "Setup request",
      wire: Buffer.from(
        "01" + "0000ff4b" + "00000003702e71" + "000001bb" + "000000026c68" + "0000170c",
        "hex",
      ),
      value: {
        type: 1,
        ticket: 65355,
        proxyHost: "p.q",
        proxyPort: 443,
        endpointHost: "lh",
        endpointPort: 5900,
      },
    },
    {
      name: "Setup response",
      wire: Buffer.from("020000000701", "hex"),
      value: { type: 2, ticket: 7, status: 1 },
    },
  ];

describe("MiP 1", () => {
  it.each(VECTORS)("$name has the layout of appendix A.5", ({ wire, value }) => {
    checkGrammar(mip1.readMip1Message, wire, value);
    expect(mip1.encodeMip1Message(value)).toEqual(wire);
  });

  it("survives a round trip", () => {
    const host = fc.string({ maxLength: 60 });
    const port = fc.integer({ min: 0, max: 65535 });
    const ticket = fc.integer({ min: 0, max: 65355 });
    const message: fc.Arbitrary<mip1.Mip1Message> = fc.oneof(
      fc.record({
        type: fc.constant(mip1.Mip1MessageType.handshake),
        identifierType: fc.constantFrom(...Object.values(mip1.Mip1IdentifierType)),
        identifier: fc.string({ maxLength: 250 }),
      }),
      fc.record({
        type: fc.constant(mip1.Mip1MessageType.setupRequest),
        ticket,
        proxyHost: host,
        proxyPort: port,
        endpointHost: host,
        endpointPort: port,
      }),
      fc.record({
        type: fc.constant(mip1.Mip1MessageType.setupResponse),
        ticket,
        status: fc.integer({ min: 0, max: 127 }),
      }),
    );
    fc.assert(
      fc.property(message, (value) => {
        expect(parseExactly(mip1.readMip1Message(), mip1.encodeMip1Message(value))).toEqual(value);
      }),
    );
  });

  it.each(["03", "16", "ff", "0004", "00ff"])("refuses %s at once", (wire) => {
    expect(() => parseAll(mip1.readMip1Message(), Buffer.from(wire, "hex"))).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "MIP1_MESSAGE" }),
    );
  });

  it.each([
    ["ticket 65356", "020000ff4c"],
    ["ticket 2^32-1", "02ffffffff"],
    ["status 128", "020000000080"],
    ["request ticket", "010000ff4c"],
    ["proxy port", "01000000010000000000010000"],
    ["endpoint port", "010000000100000000000001bb0000000000010000"],
  ])("refuses a %s above its range", (_, wire) => {
    expect(() => parseAll(mip1.readMip1Message(), Buffer.from(wire, "hex"))).toThrow(
      expect.objectContaining({ code: "MIP1_MESSAGE" }),
    );
  });

  it("takes the last of each range", () => {
    expect(mip1.MIP1_LIMITS.ticket).toBe(65355);
    const value = { type: 2, ticket: 65355, status: 127 } as const;
    expect(parseExactly(mip1.readMip1Message(), mip1.encodeMip1Message(value))).toEqual(value);
  });

  it.each([
    ["identifier", "0001", 1024],
    ["proxy host", "0100000001", 255],
    ["endpoint host", "010000000100000000000001bb", 255],
  ])("limits the %s", (_, before, max) => {
    const announce = (length: number) => {
      const field = Buffer.alloc(4);
      field.writeUInt32BE(length);
      return Buffer.concat([Buffer.from(before, "hex"), field]);
    };
    expect(parseAll(mip1.readMip1Message(), announce(max))).toEqual({ missing: max });
    for (const length of [max + 1, 0x80000000, 0xffffffff]) {
      expect(() => parseAll(mip1.readMip1Message(), announce(length))).toThrow(
        expect.objectContaining({ name: "LimitError", code: "LENGTH_LIMIT" }),
      );
    }
  });
});
