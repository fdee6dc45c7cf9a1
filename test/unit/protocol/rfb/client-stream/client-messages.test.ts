import { describe, expect, it } from "vitest";
import { CLIENT_MESSAGE_LIMITS, identifyClientMessage } from "../../../../../protocol/index.ts";
import { SAMPLES, ULTRA_SAMPLES } from "./sample-messages.ts";

const TAIL = Buffer.alloc(16, 0xff);

describe("the lengths of client messages", () => {
  it.each([...SAMPLES, ...ULTRA_SAMPLES])("$name", ({ wire }) => {
    for (const lead of [Buffer.alloc(0), Buffer.alloc(3, 0x07)]) {
      const input = Buffer.concat([lead, wire, TAIL]);
      expect(identifyClientMessage(input, lead.length)!.measure(input, lead.length)).toBe(wire.length);
    }
  });

  it.each(SAMPLES)("$name: what its head says is enough", ({ wire }) => {
    const message = identifyClientMessage(wire, 0)!;
    expect(message.headBytes).toBeLessThanOrEqual(wire.length);
    expect(message.measure(wire.subarray(0, message.headBytes), 0)).toBe(wire.length);
  });

  it.each(SAMPLES)("$name: needs what negotiates it", ({ wire, needs }) => {
    expect(identifyClientMessage(wire, 0)!.needs(wire, 0)).toBe(needs ?? "always");
  });

  it.each(ULTRA_SAMPLES)("UltraVNC's $name never goes to a server", ({ wire }) => {
    expect(identifyClientMessage(wire, 0)!.needs(wire, 0)).toBe("never");
  });

  it("a QEMU message needs its second byte", () => {
    expect(identifyClientMessage(Buffer.of(255), 0)).toBeUndefined();
    expect(identifyClientMessage(Buffer.of(0, 255), 1)).toBeUndefined();
  });

  it("all other types are unknown", () => {
    const known = new Set([...SAMPLES, ...ULTRA_SAMPLES].map(({ wire }) => wire[0]));
    for (let type = 0; type < 255; type++) {
      if (known.has(type)) continue;
      if (type === 2) continue;
      expect(() => identifyClientMessage(Buffer.of(type, 0, 0, 0), 0), `type ${type}`).toThrow(
        expect.objectContaining({ code: "RFB_CLIENT_MESSAGE" }),
      );
    }
    for (let subtype = 2; subtype < 256; subtype++) {
      expect(() => identifyClientMessage(Buffer.of(255, subtype), 0)).toThrow(
        expect.objectContaining({ code: "RFB_CLIENT_MESSAGE" }),
      );
    }
  });

  it("UltraVNC's file transfer is one of them", () => {
    expect(() => identifyClientMessage(Buffer.alloc(12, 7), 0)).toThrow("type 7");
  });
});

describe("the limits of client messages", () => {
  const measure = (wire: Buffer) => identifyClientMessage(wire, 0)!.measure(wire, 0);
  const cutText = (length: number) => {
    const wire = Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]);
    wire.writeInt32BE(length, 4);
    return wire;
  };
  const longest = (wire: Buffer) => identifyClientMessage(wire, 0)!.maxBytes;
  const { clientCutText, fencePayload } = CLIENT_MESSAGE_LIMITS;

  it("a length over the limit is measured all the same, so that the message can be skipped", () => {
    expect(measure(Buffer.of(2, 0, 255, 255))).toBe(4 + 4 * 65_535);
    expect(measure(cutText(-0x80000000))).toBe(8 + 0x80000000);
    expect(measure(cutText(0x7fffffff))).toBe(8 + 0x7fffffff);
    expect(measure(Buffer.of(248, 0, 0, 0, 0, 0, 0, 0, 255))).toBe(9 + 255);
  });

  it("ClientCutText and Fence have one", () => {
    expect(longest(cutText(0))).toBe(8 + clientCutText);
    expect(longest(Buffer.of(248, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(9 + fencePayload);
  });

  it.each([-1, -2, -3])("an extended ClientCutText of %i has no room for its flags", (length) => {
    expect(identifyClientMessage(cutText(length), 0)!.needs(cutText(length), 0)).toBe("never");
  });

  it("SetDesktopSize and gii, whose lengths end where their fields do", () => {
    expect(measure(Buffer.of(251, 0, 0, 0, 0, 0, 255, 0))).toBe(8 + 16 * 255);
    expect(measure(Buffer.of(253, 1, 0xff, 0xff))).toBe(4 + 65535);
    expect(measure(Buffer.of(253, 0x81, 0xff, 0xff))).toBe(4 + 65535);
  });

  it("QEMU audio operations", () => {
    for (const operation of [3, 255, 256, 65535]) {
      const wire = Buffer.of(255, 1, operation >> 8, operation & 255);
      expect(() => measure(wire)).toThrow(expect.objectContaining({ code: "RFB_CLIENT_MESSAGE" }));
    }
  });

  it("UltraVNC's chat", () => {
    const chat = (length: number) => {
      const wire = Buffer.from([11, 0, 0, 0, 0, 0, 0, 0]);
      wire.writeUInt32BE(length, 4);
      return wire;
    };
    expect(measure(chat(4097))).toBe(8 + 4097);
    expect(measure(chat(0xfffffffc))).toBe(8 + 0xfffffffc);
    expect(measure(chat(0xffffffff))).toBe(8);
  });
});
