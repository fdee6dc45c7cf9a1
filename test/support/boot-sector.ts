import { writeFile } from "node:fs/promises";

/** Guests of one sector: they boot in a second and cost no processor. */

/** Makes the screen blue, writes `S` to the serial port, then `abc…zabc…`, a letter at each tick of the clock. */
export const COUNTER = [
  "b82009", // mov ax, 0x0920
  "bb1f00", // mov bx, 0x001f
  "b9d007", // mov cx, 2000
  "cd10", // int 0x10
  "baf803", // mov dx, 0x3f8
  "b053ee", // mov al, 'S'; out dx, al
  "b361", // mov bl, 'a'
  "fbf4", // next: sti; hlt
  "88d8ee", // mov al, bl; out dx, al
  "fec3", // inc bl
  "80fb7b", // cmp bl, '{'
  "7502", // jne over
  "b361", // mov bl, 'a'
  "ebf0", // over: jmp next
].join("");

/** Writes itself to the second sector, says `W`, then halts. */
export const WRITER = "b80103bb007cb90200ba8000cd13baf803b057eef4ebfd";

/** Writes itself over the whole disk, 64 sectors at a time, a dot for each, then says `E` and halts. */
export const FILLER = [
  "31c08ed8", // xor ax, ax; mov ds, ax
  "be007e", // mov si, 0x7e00
  "c7041000", // mov word [si], 0x10
  "c744024000", // mov word [si+2], 64
  "c74404007c", // mov word [si+4], 0x7c00
  "894406", // mov [si+6], ax
  "c744084000", // mov word [si+8], 64
  "89440a89440c89440e", // mov [si+10], ax; mov [si+12], ax; mov [si+14], ax
  "b80043", // next: mov ax, 0x4300
  "b280", // mov dl, 0x80
  "cd13", // int 0x13
  "7210", // jc end
  "baf803b02eee", // mov dx, 0x3f8; mov al, '.'; out dx, al
  "8344084083540a00", // add word [si+8], 64; adc word [si+10], 0
  "ebe7", // jmp next
  "baf803b045ee", // end: mov dx, 0x3f8; mov al, 'E'; out dx, al
  "f4ebfd", // hlt; jmp -3
].join("");

/**
 * Adds one to the first byte of the second sector of its own disk and of the next one, and says `S`, what is there now
 * on its own as a letter from `A`, `D`, the same of the other, and `E`.
 */
export const BOOT_COUNTER = [
  "31c08ed88ec08ed0", // xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax
  "bc007c", // mov sp, 0x7c00
  "b053b280e80f00", // mov al, 'S'; mov dl, 0x80; call count
  "b044b281e80800", // mov al, 'D'; mov dl, 0x81; call count
  "b045e82b00f4ebfd", // mov al, 'E'; call say; hlt; jmp -3
  "52e824005a", // count: push dx; call say; pop dx
  "b90200b600bb007e", // mov cx, 2; mov dh, 0; mov bx, 0x7e00
  "b8010252cd135a", // mov ax, 0x0201; push dx; int 0x13; pop dx
  "fe06007e", // inc byte [0x7e00]
  "b90200bb007e", // mov cx, 2; mov bx, 0x7e00
  "b80103cd13", // mov ax, 0x0301; int 0x13
  "a0007e0440", // mov al, [0x7e00]; add al, '@'
  "baf803eec3", // say: mov dx, 0x3f8; out dx, al; ret
].join("");

/** A disk that boots into one of them. */
export async function writeBootDisk(file: string, code: string, bytes = 1_048_576): Promise<Buffer> {
  const disk = Buffer.alloc(bytes);
  Buffer.from(code, "hex").copy(disk);
  disk.writeUInt16BE(0x55aa, 510);
  await writeFile(file, disk);
  return disk;
}

const CD_SECTOR = 2048;

/** A CD that boots into one of them, without a file system: what El Torito wants, and nothing else. */
export async function writeBootCd(file: string, code: string): Promise<void> {
  const sectors = Array.from({ length: 21 }, () => Buffer.alloc(CD_SECTOR));
  const [volume, record, end, catalogue, image] = sectors.slice(16) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  volume.write("\x01CD001\x01", "latin1");
  record.write("\0CD001\x01EL TORITO SPECIFICATION", "latin1");
  record.writeUInt32LE(19, 0x47);
  end.write("\xffCD001\x01", "latin1");
  catalogue.write("\x01", "latin1");
  // The words of the first entry add up to nothing.
  catalogue.writeUInt16LE(0x10000 - 0xaa55 - 1, 28);
  catalogue.writeUInt16LE(0xaa55, 30);
  // Bootable, no emulation of a disk, four sectors of 512 bytes from the last one.
  catalogue.writeUInt8(0x88, 32);
  catalogue.writeUInt16LE(4, 38);
  catalogue.writeUInt32LE(20, 40);
  Buffer.from(code, "hex").copy(image);
  await writeFile(file, Buffer.concat(sectors));
}
