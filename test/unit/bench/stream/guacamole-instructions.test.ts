import { expect, it } from "vitest";
import {
  encodeInstruction,
  type GuacamoleInstruction,
  GuacamoleInstructionReader,
} from "../../../bench/stream/guacamole-instructions.ts";

function read(wire: Buffer, pieceBytes = wire.length) {
  const reader = new GuacamoleInstructionReader();
  const found = [];
  for (let at = 0; at < wire.length; at += pieceBytes)
    found.push(...reader.push(wire.subarray(at, at + pieceBytes)));
  return found;
}

const INSTRUCTIONS: readonly GuacamoleInstruction[] = [
  ["select", "vnc"],
  ["size", "1920", "1080", "96"],
  ["audio"],
  ["connect", "VERSION_1_5_0", "", "a,b;c.d"],
  ["name", "bureau à côté 🖥, 𝒳;"],
  ["blob", "1", "A".repeat(8_000)],
];
const WIRE = Buffer.from(INSTRUCTIONS.map((one) => encodeInstruction(...one)).join(""));

it("writes lengths in code points", () => {
  expect(encodeInstruction("select", "vnc")).toBe("6.select,3.vnc;");
  expect(encodeInstruction("name", "à🖥")).toBe("4.name,2.à🖥;");
  expect(encodeInstruction("connect", "")).toBe("7.connect,0.;");
});

it.each([WIRE.length, 1, 7, 4_096])("reads what it wrote, in pieces of %d bytes", (size) => {
  expect(read(WIRE, size)).toEqual(INSTRUCTIONS);
});

it("keeps what is not complete", () => {
  const sync = Buffer.from("4.sync,3.123;");
  for (let length = 0; length < sync.length; length += 1) expect(read(sync.subarray(0, length))).toEqual([]);
});

it.each(["x.sync;", "4.sync:", "4sync;", "99999999.x;"])("refuses %j", (text) => {
  expect(() => read(Buffer.from(text))).toThrow(/instruction/);
});
