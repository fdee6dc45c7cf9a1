/** An archive of the kind that Linux unpacks as its first file system ("newc"). */
export interface CpioEntry {
  readonly path: string;
  /** File type and permissions, as in `stat`. */
  readonly mode: number;
  readonly data: Buffer;
}

const HEADER = 110;

export function* readCpio(archive: Buffer): Generator<CpioEntry> {
  for (let at = 0; ;) {
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString("latin1", at + HEADER, at + HEADER + nameSize - 1);
    if (path === "TRAILER!!!") return;
    const start = align(at + HEADER + nameSize);
    yield { path, mode, data: archive.subarray(start, start + size) };
    at = align(start + size);
  }
}

export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: "TRAILER!!!", mode: 0, data: Buffer.alloc(0) }];
  return Buffer.concat(
    all.flatMap(({ path, mode, data }, inode) => {
      const fields = [inode + 1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, path.length + 1, 0];
      const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${path}\0`;
      return [pad(Buffer.from(header, "latin1")), pad(data)];
    }),
  );
}

function align(offset: number): number {
  return (offset + 3) & ~3;
}

function pad(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(align(data.length) - data.length)]);
}
