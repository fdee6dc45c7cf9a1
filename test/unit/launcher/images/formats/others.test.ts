import { describe, expect, test } from "vitest";
import { findQedFault } from "../../../../../launcher/images/formats/qed.ts";
import { findVdiFault } from "../../../../../launcher/images/formats/vdi.ts";
import { findVhdxFault } from "../../../../../launcher/images/formats/vhdx.ts";
import { findDescriptorFault, findVmdkFault } from "../../../../../launcher/images/formats/vmdk.ts";
import { findVpcFault } from "../../../../../launcher/images/formats/vpc.ts";
import { bytesOf, piece } from "./memory-bytes.ts";

const DIFFERENCES = "it holds only the differences from another image";
const CUT = "its header is cut off";

test.each<[string, (wire: Buffer) => void, number, string | null]>([
  ["plain", () => undefined, 64, null],
  ["the backing bit", (wire) => wire.writeBigUInt64LE(1n, 16), 64, "it names a backing file"],
  ["a backing name", (wire) => wire.writeUInt32LE(7, 60), 64, "it names a backing file"],
  [
    "an unknown feature",
    (wire) => wire.writeBigUInt64LE(8n, 16),
    64,
    "it has features that nobody here knows",
  ],
  ["cut off", () => undefined, 63, CUT],
])("QED: %s", async (_what, change, length, fault) => {
  expect(await findQedFault(bytesOf(length, { 0: piece(64, change) }))).toBe(fault);
});

test.each<[string, (wire: Buffer) => void, string | null]>([
  ["dynamic", (wire) => wire.writeUInt32LE(1, 0x4c), null],
  ["fixed", (wire) => wire.writeUInt32LE(2, 0x4c), null],
  ["undo", (wire) => wire.writeUInt32LE(3, 0x4c), "it is an undo image of another one"],
  ["differencing", (wire) => wire.writeUInt32LE(4, 0x4c), DIFFERENCES],
  ["kind 5", (wire) => wire.writeUInt32LE(5, 0x4c), "it is of an unknown kind (5)"],
  ["a link", (wire) => wire.writeUInt32LE(1, 0x4c) && wire.writeUInt8(1, 0x1a8), DIFFERENCES],
  ["a parent", (wire) => wire.writeUInt32LE(1, 0x4c) && wire.writeUInt8(1, 0x1c7), DIFFERENCES],
])("VDI: %s", async (_what, change, fault) => {
  expect(await findVdiFault(bytesOf(4096, { 0: piece(512, change) }))).toBe(fault);
});

describe("VHD", () => {
  const footer = (kind: number) =>
    piece(512, (wire) => {
      wire.write("conectix", "latin1");
      wire.writeBigUInt64BE(512n, 16);
      wire.writeUInt32BE(kind, 60);
    });
  const dynamic = (change: (wire: Buffer) => void) =>
    piece(1024, (wire) => {
      wire.write("cxsparse", "latin1");
      change(wire);
    });
  test.each<[string, Buffer, Buffer, string | null]>([
    ["fixed", Buffer.alloc(0), footer(2), null],
    ["differencing, told by the footer", Buffer.alloc(0), footer(4), DIFFERENCES],
    ["kind 9", Buffer.alloc(0), footer(9), "it is of an unknown kind (9)"],
    ["dynamic", dynamic(() => undefined), footer(3), null],
    ["a parent's UUID", dynamic((wire) => wire.writeUInt8(1, 55)), footer(3), "it names a parent image"],
    ["a parent's name", dynamic((wire) => wire.write("/etc/x", 64)), footer(3), "it names a parent image"],
    ["a locator", dynamic((wire) => wire.write("W2ku", 576)), footer(3), "it says where a parent image lies"],
    ["no dynamic header", Buffer.alloc(0), footer(3), CUT],
  ])("%s", async (_what, second, last, fault) => {
    expect(await findVpcFault(bytesOf(8192, { 512: second, 7680: last }))).toBe(fault);
  });

  test("a copy in front counts as well as the footer at the end", async () => {
    expect(await findVpcFault(bytesOf(8192, { 0: footer(4), 7680: footer(2) }))).toBe(DIFFERENCES);
  });
});

describe("VHDX", () => {
  const FILE_PARAMETERS = "3767a1ca36fa434db3b633f0aa44e76b";
  const METADATA = "06a27c8b90479a4bb8fe575f050f886e";
  const region = piece(4096, (wire) => {
    wire.write("regi", "latin1");
    wire.writeUInt32LE(1, 8);
    wire.write(METADATA, 16, "hex");
    wire.writeBigUInt64LE(0x200000n, 32);
  });
  const metadata = (id: string, flags: number) =>
    piece(0x10010, (wire) => {
      wire.write("metadata", "latin1");
      wire.writeUInt16LE(1, 10);
      wire.write(id, 32, "hex");
      wire.writeUInt32LE(0x10000, 48);
      wire.writeUInt32LE(flags, 0x10004);
    });
  /** One of the two headers. `log`: it says that a log is to be replayed. */
  const header = (sequence: bigint, log = false, version = 1) =>
    piece(4096, (wire) => {
      wire.write("head", "latin1");
      wire.writeBigUInt64LE(sequence, 8);
      if (log) wire.writeUInt8(1, 48);
      wire.writeUInt16LE(version, 66);
      wire.writeUInt32LE(crc32c(wire), 4);
    });
  /** Bit by bit, as RFC 3720 has it. */
  const crc32c = (data: Buffer) => {
    let crc = 0xffffffff;
    for (const byte of data) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
  const whole = { 0x10000: header(1n), 0x30000: region, 0x200000: metadata(FILE_PARAMETERS, 0) };
  const damaged = (sequence: bigint) => {
    const wire = header(sequence, true);
    wire.writeUInt8(7, 100);
    return wire;
  };
  test.each<[string, Readonly<Record<number, Buffer>>, string | RegExp | null]>([
    ["plain", { ...whole, 0x200000: metadata(FILE_PARAMETERS, 1) }, null],
    ["a parent", { ...whole, 0x200000: metadata(FILE_PARAMETERS, 2) }, DIFFERENCES],
    [
      "a parent that only the second table shows",
      { 0x10000: header(1n), 0x40000: region, 0x200000: metadata(FILE_PARAMETERS, 2) },
      DIFFERENCES,
    ],
    [
      "a locator",
      { ...whole, 0x200000: metadata("2d5fd3a80bb34d45abf7d3d84834ab0c", 0) },
      "it says where a parent image lies",
    ],
    ["a log to be replayed", { ...whole, 0x20000: header(2n, true) }, /not closed/],
    ["a log that an older header had", { ...whole, 0x10000: header(1n, true), 0x20000: header(2n) }, null],
    ["the same, the other way round", { ...whole, 0x10000: header(3n), 0x20000: header(2n, true) }, null],
    ["a newer header that was cut off", { ...whole, 0x20000: damaged(9n) }, null],
    [
      "an older header beside a damaged one",
      { ...whole, 0x10000: header(1n, true), 0x20000: damaged(9n) },
      /not closed/,
    ],
    [
      "a newer header of another version",
      { ...whole, 0x10000: header(1n, true), 0x20000: header(2n, false, 2) },
      /not closed/,
    ],
    ["no header", { 0x30000: region, 0x200000: metadata(FILE_PARAMETERS, 0) }, CUT],
    ["no tables", { 0x10000: header(1n) }, CUT],
    ["a table that leads nowhere", { 0x10000: header(1n), 0x30000: region }, CUT],
  ])("%s", async (_what, pieces, fault) => {
    const found = await findVhdxFault(bytesOf(0x300000, pieces));
    if (fault instanceof RegExp) expect(found).toMatch(fault);
    else expect(found).toBe(fault);
  });
});

describe("VMDK", () => {
  const NAMES_OTHERS = /^it consists of other files/;
  const header = (capacity: bigint, sectors = 20n) =>
    piece(512, (wire) => {
      wire.write("KDMV", "latin1");
      wire.writeBigUInt64LE(capacity, 12);
      wire.writeBigUInt64LE(1n, 28);
      wire.writeBigUInt64LE(sectors, 36);
    });
  const descriptor = (text: string) => Buffer.from(text, "latin1");
  const good =
    'version=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 2048 SPARSE "disk.vmdk"\n';

  test("a sparse file with itself as its extent", async () => {
    expect(await findVmdkFault(bytesOf(65_536, { 0: header(2048n), 512: descriptor(good) }))).toBeNull();
  });

  test.each<[string, Readonly<Record<number, Buffer>>, string | RegExp]>([
    ["a descriptor alone", { 0: descriptor(`# Disk DescriptorFile\n${good}`) }, NAMES_OTHERS],
    ["capacity 0, which makes QEMU read the extents", { 0: header(0n) }, NAMES_OTHERS],
    ["capacity 0 in the footer", { 0: header(8n), [65_536 - 1024]: header(0n) }, NAMES_OTHERS],
    ["a descriptor of 2 GiB", { 0: header(8n, 4_194_304n) }, "its descriptor is too long"],
    [
      "a parent in the place where QEMU looks",
      { 0: header(8n), 512: descriptor('parentFileNameHint="/etc/shadow"\n') },
      "it names a parent image",
    ],
  ])("%s", async (_what, pieces, fault) => {
    expect(await findVmdkFault(bytesOf(65_536, pieces))).toMatch(fault);
  });

  test.each<[string, string, string | RegExp | null]>([
    ["itself", good, null],
    ["a parent's check sum", "parentCID=12345678\n", DIFFERENCES],
    ["a flat extent", 'RW 63 FLAT "/etc/passwd" 0\n', NAMES_OTHERS],
    ["two extents", 'RW 1 SPARSE "a"\nRW 1 SPARSE "b"\n', NAMES_OTHERS],
    ["a path", 'RW 1 SPARSE "../x.vmdk"\n', NAMES_OTHERS],
    ["small letters", 'rw 1 vmfs "x"\n', NAMES_OTHERS],
  ])("a descriptor with %s", (_what, text, fault) => {
    if (fault === null) expect(findDescriptorFault(text)).toBeNull();
    else expect(findDescriptorFault(text)).toMatch(fault);
  });
});
