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

/**
 * A member with its name in an extended header before it, as POSIX has it: so do openSUSE's tar, bsdtar and Python.
 * @param header the extended header's own name, which differs from program to program
 */
export function paxEntries(entry: TarEntry, header: string): TarEntry[] {
  const record = ` path=${entry.name}\n`;
  let length = Buffer.byteLength(record);
  // The length counts its own digits.
  while (Buffer.byteLength(`${length}${record}`) !== length) length = Buffer.byteLength(`${length}${record}`);
  const ascii = entry.name.replace(/[^\x20-\x7e]/g, "?").slice(0, 99);
  return [
    { name: header, type: "x", data: `${length}${record}` },
    { ...entry, name: ascii },
  ];
}

function headerOf({ name, type = "0", prefix = "", size }: TarEntry, length: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "utf8");
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
