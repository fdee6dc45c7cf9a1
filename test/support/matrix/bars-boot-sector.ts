import { writeFile } from "node:fs/promises";
import { BAR_PALETTE, drawBars } from "./bars.ts";

/** What QEMU makes of the 320 x 200 pixels of video mode 13h. */
export const BOOT_SIZE = { width: 640, height: 400 };
const LOADED_AT = 0x7c00;

/** A guest of 512 bytes without an operating system: sets video mode 13h and the palette, draws eight bars, halts. */
export async function writeBootSector(file: string, number: number): Promise<void> {
  const program = (palette: number, bars: number): number[] => [
    ...[0x31, 0xc0], // xor ax, ax
    ...[0x8e, 0xd8], // mov ds, ax
    0xfc, // cld
    ...[0xb8, 0x13, 0x00], // mov ax, 13h
    ...[0xcd, 0x10], // int 10h
    ...[0xba, 0xc8, 0x03], // mov dx, 3c8h: the palette's index
    ...[0x30, 0xc0], // xor al, al
    0xee, // out dx, al
    0x42, // inc dx: the palette's data
    ...[0xbe, palette & 255, palette >> 8], // mov si, palette
    ...[0xb9, 3 * BAR_PALETTE.length, 0x00], // mov cx, 9
    ...[0xf3, 0x6e], // rep outsb
    ...[0xb8, 0x00, 0xa0], // mov ax, a000h
    ...[0x8e, 0xc0], // mov es, ax
    ...[0x31, 0xff], // xor di, di
    ...[0xbb, 200, 0x00], // mov bx, 200
    ...[0xbe, bars & 255, bars >> 8], // row: mov si, bars
    ...[0xb2, 0x08], // mov dl, 8
    0xac, // bar: lodsb
    ...[0xb9, 40, 0x00], // mov cx, 40
    ...[0xf3, 0xaa], // rep stosb
    ...[0xfe, 0xca], // dec dl
    ...[0x75, 0xf6], // jnz bar
    0x4b, // dec bx
    ...[0x75, 0xee], // jnz row
    0xfa, // cli
    ...[0xf4, 0xeb, 0xfd], // end: hlt; jmp end
  ];
  const length = program(0, 0).length;
  const palette = BAR_PALETTE.flat().map((value) => value >> 2);
  const sector = Buffer.alloc(512);
  sector.set(program(LOADED_AT + length, LOADED_AT + length + palette.length));
  sector.set([...palette, ...drawBars(number)], length);
  sector.writeUInt16BE(0x55aa, 510);
  await writeFile(file, sector);
}
