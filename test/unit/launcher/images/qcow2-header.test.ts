import { expect, test } from "vitest";
import { findQcow2Fault } from "../../../../launcher/images/qcow2-header.ts";

function header(change: (wire: Buffer) => void = () => undefined): Buffer {
  const wire = Buffer.alloc(80);
  wire.write("QFI\xfb", "latin1");
  wire.writeUInt32BE(3, 4);
  change(wire);
  return wire;
}

test.each<[string, Buffer, string | null]>([
  ["a plain image", header(), null],
  ["version 2", header((wire) => wire.writeUInt32BE(2, 4)).subarray(0, 72), null],
  ["lazy refcounts and a dirty bit", header((wire) => wire.writeBigUInt64BE(1n, 72)), null],
  [
    "an external data file",
    header((wire) => wire.writeBigUInt64BE(4n, 72)),
    "it keeps its data in another file",
  ],
  [
    "a data file among other bits",
    header((wire) => wire.writeBigUInt64BE(0x15n, 72)),
    "it keeps its data in another file",
  ],
  ["a backing file", header((wire) => wire.writeBigUInt64BE(0x70n, 8)), "it names a backing file"],
  ["encryption", header((wire) => wire.writeUInt32BE(2, 32)), "it is encrypted"],
  ["version 4", header((wire) => wire.writeUInt32BE(4, 4)), "it is of an unknown qcow2 version (4)"],
  ["another magic", header((wire) => wire.writeUInt8(0, 0)), "it is not a qcow2 image"],
  ["a version 3 that is cut off", header().subarray(0, 79), "its header is cut off"],
  ["nothing", Buffer.alloc(0), "it is not a qcow2 image"],
])("%s", (_what, wire, fault) => {
  expect(findQcow2Fault(wire)).toBe(fault);
});
