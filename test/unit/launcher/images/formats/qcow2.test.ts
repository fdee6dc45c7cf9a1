import { expect, test } from "vitest";
import { findQcow2Fault } from "../../../../../launcher/images/formats/qcow2.ts";
import { bytesOf } from "./memory-bytes.ts";

function header(change: (wire: Buffer) => void = () => undefined): Buffer {
  const wire = Buffer.alloc(160);
  wire.write("QFI\xfb", "latin1");
  wire.writeUInt32BE(3, 4);
  wire.writeUInt32BE(104, 100);
  change(wire);
  return wire;
}

function extension(type: number, length: number) {
  return header((wire) => {
    wire.writeUInt32BE(type, 104);
    wire.writeUInt32BE(length, 108);
  });
}

const BACKED = "it names a backing file";
const SPLIT = "it keeps its data in another file";

test.each<[string, Buffer, string | null]>([
  ["a plain image", header(), null],
  ["version 2", header((wire) => wire.writeUInt32BE(2, 4)).subarray(0, 72), null],
  ["a dirty bit", header((wire) => wire.writeBigUInt64BE(1n, 72)), null],
  ["zstd and extended entries", header((wire) => wire.writeBigUInt64BE(0x18n, 72)), null],
  ["an external data file", header((wire) => wire.writeBigUInt64BE(4n, 72)), SPLIT],
  ["a data file among other bits", header((wire) => wire.writeBigUInt64BE(0x15n, 72)), SPLIT],
  [
    "an unknown feature",
    header((wire) => wire.writeBigUInt64BE(32n, 72)),
    "it has features that nobody here knows",
  ],
  ["a backing file", header((wire) => wire.writeBigUInt64BE(0x70n, 8)), BACKED],
  ["a backing name without a place", header((wire) => wire.writeUInt32BE(9, 16)), BACKED],
  ["the format of a backing file", extension(0xe2792aca, 5), BACKED],
  ["the name of a data file", extension(0x44415441, 5), SPLIT],
  ["a feature table", extension(0x6803f857, 32), null],
  ["encryption", header((wire) => wire.writeUInt32BE(2, 32)), "it is encrypted"],
  ["version 4", header((wire) => wire.writeUInt32BE(4, 4)), "it is of an unknown qcow2 version (4)"],
  ["another magic", header((wire) => wire.writeUInt8(0, 0)), "it is not a qcow2 image"],
  [
    "a header length of 2^32-1",
    header((wire) => wire.writeUInt32BE(0xffffffff, 100)),
    "its header has a wrong length",
  ],
  ["a version 3 that is cut off", header().subarray(0, 103), "its header is cut off"],
  ["nothing", Buffer.alloc(0), "it is not a qcow2 image"],
])("%s", async (_what, wire, fault) => {
  expect(await findQcow2Fault(bytesOf(wire.length, { 0: wire }))).toBe(fault);
});
