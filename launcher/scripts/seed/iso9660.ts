const SECTOR = 2048;
const MAX_VOLUME_NAME = 16;
/** A fixed date: the same content gives the same bytes. */
const RECORD_DATE = Buffer.from([100, 1, 1, 0, 0, 0, 0]);
const VOLUME_DATE = Buffer.concat([Buffer.from("2000010100000000", "latin1"), Buffer.from([0])]);
const NO_DATE = Buffer.concat([Buffer.from("0".repeat(16), "latin1"), Buffer.from([0])]);

/** Offsets, in sectors. */
const AT = {
  primary: 16,
  joliet: 17,
  end: 18,
  tables: 19,
  primaryRoot: 23,
  jolietRoot: 24,
  files: 25,
} as const;

interface IsoFile {
  /** Letters, digits and hyphens. */
  readonly name: string;
  readonly data: Buffer;
}

interface Tree {
  readonly joliet: boolean;
  readonly root: number;
  readonly tables: number;
}

/**
 * A CD of one folder: an ISO 9660 tree, and a Joliet tree with the names unchanged.
 * @param volume at most 16 characters
 * @see ECMA-119 §8 and §9; Joliet Specification §2
 */
export function writeIso(volume: string, files: readonly IsoFile[]): Buffer {
  if (volume.length > MAX_VOLUME_NAME) throw new Error("the volume's name is too long");
  const starts: number[] = [];
  let next: number = AT.files;
  for (const { data } of files) {
    starts.push(next);
    next += Math.ceil(data.length / SECTOR);
  }
  const image = Buffer.alloc(next * SECTOR);
  const put = (sector: number, data: Buffer): void => void data.copy(image, sector * SECTOR);
  for (const tree of [
    { joliet: false, root: AT.primaryRoot, tables: AT.tables },
    { joliet: true, root: AT.jolietRoot, tables: AT.tables + 2 },
  ]) {
    put(tree.joliet ? AT.joliet : AT.primary, volumeDescriptor(volume, next, tree));
    put(tree.tables, pathTable(tree.root, "little"));
    put(tree.tables + 1, pathTable(tree.root, "big"));
    put(tree.root, folder(tree, files, starts));
  }
  put(AT.end, Buffer.from("\xffCD001\x01", "latin1"));
  for (const [index, { data }] of files.entries()) put(starts[index] ?? 0, data);
  return image;
}

function volumeDescriptor(volume: string, sectors: number, tree: Tree): Buffer {
  const descriptor = Buffer.alloc(SECTOR);
  const words = (from: number, to: number, text: string): void => {
    const size = to - from;
    descriptor.fill(encode(text.padEnd(tree.joliet ? size / 2 : size), tree), from, to);
  };
  descriptor[0] = tree.joliet ? 2 : 1;
  descriptor.write("CD001\x01", 1, "latin1");
  words(8, 40, "");
  words(40, 72, volume);
  both32(sectors).copy(descriptor, 80);
  // UCS-2, level 3.
  if (tree.joliet) descriptor.write("%/E", 88, "latin1");
  for (const at of [120, 124]) both16(1).copy(descriptor, at);
  both16(SECTOR).copy(descriptor, 128);
  both32(10).copy(descriptor, 132);
  descriptor.writeUInt32LE(tree.tables, 140);
  descriptor.writeUInt32BE(tree.tables + 1, 148);
  record(Buffer.from([0]), tree.root, SECTOR, true).copy(descriptor, 156);
  for (const [from, to] of [
    [190, 318],
    [318, 446],
    [446, 574],
    [574, 702],
  ] as const)
    words(from, to, "");
  // Three names of 37 bytes, which UCS-2 does not fill evenly.
  for (const at of [702, 739, 776]) words(at, at + 36, "");
  for (const at of [813, 830]) VOLUME_DATE.copy(descriptor, at);
  for (const at of [847, 864]) NO_DATE.copy(descriptor, at);
  descriptor[881] = 1;
  return descriptor;
}

function pathTable(root: number, order: "little" | "big"): Buffer {
  const table = Buffer.alloc(10);
  table[0] = 1;
  if (order === "little") {
    table.writeUInt32LE(root, 2);
    table.writeUInt16LE(1, 6);
  } else {
    table.writeUInt32BE(root, 2);
    table.writeUInt16BE(1, 6);
  }
  return table;
}

function folder(tree: Tree, files: readonly IsoFile[], starts: readonly number[]): Buffer {
  const self = [0, 1].map((name) => record(Buffer.from([name]), tree.root, SECTOR, true));
  const named = files
    .map(({ name, data }, index) => {
      const written = encode(tree.joliet ? name : `${name.toUpperCase()}.;1`, tree);
      return { written, entry: record(written, starts[index] ?? 0, data.length, false) };
    })
    .sort((one, other) => one.written.compare(other.written));
  const whole = Buffer.concat([...self, ...named.map(({ entry }) => entry)]);
  if (whole.length > SECTOR) throw new Error("too many files for one folder");
  return whole;
}

function record(name: Buffer, sector: number, length: number, isFolder: boolean): Buffer {
  const size = 33 + name.length + ((name.length + 1) % 2);
  const bytes = Buffer.alloc(size);
  bytes[0] = size;
  both32(sector).copy(bytes, 2);
  both32(length).copy(bytes, 10);
  RECORD_DATE.copy(bytes, 18);
  bytes[25] = isFolder ? 2 : 0;
  both16(1).copy(bytes, 28);
  bytes[32] = name.length;
  name.copy(bytes, 33);
  return bytes;
}

function encode(text: string, tree: Tree): Buffer {
  return tree.joliet ? Buffer.from(text, "utf16le").swap16() : Buffer.from(text, "latin1");
}

function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}
