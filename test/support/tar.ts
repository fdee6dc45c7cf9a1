export interface TarEntry {
  readonly name: string;
  readonly data: string | Buffer;
  readonly type?: string;
  readonly prefix?: string;
  /** Octal digits, instead of the data's. */
  readonly size?: string;
}

/** A tar archive, also of members that no honest program would write. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const data = Buffer.from(entry.data);
    const padding = Buffer.alloc((512 - (data.length % 512)) % 512);
    return [headerOf(entry, data.length), data, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function headerOf({ name, type = "0", prefix = "", size }: TarEntry, length: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write(["0000644", "0000000", "0000000", ""].join("\0"), 100, "latin1");
  header.write(`${size ?? length.toString(8).padStart(11, "0")}\0`, 124, 12, "latin1");
  header.write(`${"0".repeat(11)}\0        `, 136, "latin1");
  header.write(type, 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  header.write(prefix, 345, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
