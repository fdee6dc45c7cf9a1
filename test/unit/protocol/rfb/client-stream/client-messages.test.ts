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

  it.each(ULTRA_SAMPLES)("$name is UltraVNC's alone", ({ wire }) => {
    expect(identifyClientMessage(wire, 0)!.needs(wire, 0)).toBe("ultravnc");
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
  const tooLong = expect.objectContaining({ name: "LimitError", code: "LENGTH_LIMIT" });
  const { encodings, clientCutText, fencePayload, ultraChat } = CLIENT_MESSAGE_LIMITS;

  it("SetEncodings", () => {
    const listing = (count: number) => Buffer.of(2, 0, count >> 8, count & 255);
    expect(measure(listing(encodings))).toBe(4 + 4 * encodings);
    expect(() => measure(listing(encodings + 1))).toThrow(tooLong);
    expect(() => measure(listing(65535))).toThrow(tooLong);
  });

  it("ClientCutText", () => {
    expect(measure(cutText(clientCutText))).toBe(8 + clientCutText);
    expect(measure(cutText(-clientCutText))).toBe(8 + clientCutText);
    for (const length of [clientCutText + 1, -clientCutText - 1, 0x7fffffff, -0x80000000, -0x7fffffff]) {
      expect(() => measure(cutText(length))).toThrow(tooLong);
    }
  });

  it.each([-1, -2, -3])("an extended ClientCutText of %i has no room for its flags", (length) => {
    expect(() => measure(cutText(length))).toThrow(expect.objectContaining({ code: "RFB_CLIENT_MESSAGE" }));
  });

  it("Fence", () => {
    const fence = (length: number) => Buffer.of(248, 0, 0, 0, 0, 0, 0, 0, length);
    expect(measure(fence(fencePayload))).toBe(9 + fencePayload);
    expect(() => measure(fence(fencePayload + 1))).toThrow(tooLong);
    expect(() => measure(fence(255))).toThrow(tooLong);
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
    expect(measure(chat(ultraChat))).toBe(8 + ultraChat);
    expect(() => measure(chat(ultraChat + 1))).toThrow(tooLong);
    expect(() => measure(chat(0xfffffffc))).toThrow(tooLong);
  });
});
