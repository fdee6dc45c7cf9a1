/**
 * A guest of 64 KiB, in place of the firmware, that shows whether virtualisation really works: it writes "A", counts in
 * real mode, writes "B", counts in long mode, writes "C" and switches itself off.
 */

/** The I/O port that the guest writes its markers to. */
export const MARKER_PORT = 0x402;
/** Writing here ends QEMU. */
export const EXIT_PORT = 0xf4;

const SIZE = 0x10000;
/** The image's address in the first megabyte. */
const BASE = 0xf0000;
const GDT_AT = 0x8010;
const GDT_POINTER_AT = 0x8000;
const REAL_MODE_ROUNDS = 100_000;
const LONG_MODE_ROUNDS = 10_000_000;

export function buildProbeGuest(): Buffer {
  const image = Buffer.alloc(SIZE, 0xf4);
  const realMode = Buffer.from([
    ...[0xfa, 0xba, ...u16(MARKER_PORT)], // cli; mov dx, MARK_PORT
    ...writeMarker("A"),
    ...[0x66, 0xb9, ...u32(REAL_MODE_ROUNDS), 0x66, 0x49, 0x75, 0xfc], // mov ecx, rounds; again: dec ecx; jnz again
    ...writeMarker("B"),
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    // Page tables for the first 2 MiB: level 4 at 0x1000, 3 at 0x2000, 2 at 0x3000.
    ...[...storeDword(0x1000, 0x2003), ...storeDword(0x2000, 0x3003), ...storeDword(0x3000, 0x83)],
    ...[0x66, 0xb8, ...u32(0x20), 0x0f, 0x22, 0xe0], // cr4 = PAE
    ...[0x66, 0xb8, ...u32(0x1000), 0x0f, 0x22, 0xd8], // cr3 = level 4
    ...[0x66, 0xb9, ...u32(0xc0000080), 0x66, 0xb8, ...u32(0x100), 0x66, 0x31, 0xd2, 0x0f, 0x30], // EFER.LME
    ...[0x2e, 0x66, 0x0f, 0x01, 0x16, ...u16(GDT_POINTER_AT)], // lgdt cs:[GDT_POINTER_AT]
    ...[0x66, 0xb8, ...u32(0x80000001), 0x0f, 0x22, 0xc0], // cr0 = paging, protection
  ]);
  const jump = 8;
  const longMode = Buffer.from([
    ...[0xb9, ...u32(LONG_MODE_ROUNDS), 0xff, 0xc9, 0x75, 0xfc], // mov ecx, rounds; again: dec ecx; jnz again
    ...[0x66, 0xba, ...u16(MARKER_PORT)],
    ...writeMarker("C"),
    ...[0x66, 0xba, ...u16(EXIT_PORT), 0xb0, 0x00, 0xee], // out EXIT_PORT, 0
    ...[0xf4, 0xeb, 0xfd], // halt: hlt; jmp halt
  ]);
  const longModeAt = realMode.length + jump;
  realMode.copy(image, 0);
  Buffer.from([0x66, 0xea, ...u32(BASE + longModeAt), ...u16(8)]).copy(image, realMode.length); // jmp far 8:longMode
  longMode.copy(image, longModeAt);
  Buffer.from([...u16(15), ...u32(BASE + GDT_AT)]).copy(image, GDT_POINTER_AT);
  // The null descriptor, then 64-bit code.
  Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x9a, 0xaf, 0]).copy(image, GDT_AT);
  Buffer.from([0xea, ...u16(0), ...u16(BASE >> 4)]).copy(image, SIZE - 16); // the reset vector: jmp far F000:0000
  return image;
}

/** mov al, letter; out dx, al */
function writeMarker(letter: string): number[] {
  return [0xb0, letter.charCodeAt(0), 0xee];
}

/** mov dword [address], value */
function storeDword(address: number, value: number): number[] {
  return [0x66, 0xc7, 0x06, ...u16(address), ...u32(value)];
}

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}
