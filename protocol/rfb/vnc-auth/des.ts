import {
  KEY_ROTATIONS,
  PERMUTED_CHOICE_1,
  PERMUTED_CHOICE_2,
  ROUND_PERMUTATION,
  S_BOXES,
} from "./des-tables.ts";

/**
 * Single DES, encryption only, optimised for trying many keys on one block: the initial permutation is
 * separate from the rounds, and the key schedule is a separate value. It exists only because VncAuth uses it;
 * it is not secure.
 *
 * Both halves of a block are kept rotated right by one bit. Then the S-boxes 1, 3, 5, 7 read their six bits
 * (one of them from each neighbour) directly from the word, and 2, 4, 6, 8 from the word rotated left by
 * four.
 * @see FIPS 46-3
 */

/** 16 rounds of two words: the key bits of the odd S-boxes, then those of the even ones. */
export type KeySchedule = Int32Array;

const ROUNDS = 16;
export const KEY_SCHEDULE_WORDS = 2 * ROUNDS;
/** The key bit, from 0, that is bit `i` of round `r`, at index `48 r + i`. */
const KEY_BIT_SOURCES = traceKeyBits();
/** 8 × 64 words: an S-box and the permutation after it in one look-up. */
const ROUND_TABLE = makeRoundTable();

function traceKeyBits(): readonly number[] {
  const sources: number[] = [];
  let rotated = 0;
  for (const rotation of KEY_ROTATIONS) {
    rotated += rotation;
    for (const choice of PERMUTED_CHOICE_2) {
      const half = choice > 28 ? 28 : 0;
      const position = half + ((choice - 1 - half + rotated) % 28);
      sources.push((PERMUTED_CHOICE_1[position] ?? 0) - 1);
    }
  }
  return sources;
}

function makeRoundTable(): Int32Array {
  const table = new Int32Array(8 * 64);
  S_BOXES.forEach((rows, box) => {
    for (let input = 0; input < 64; input++) {
      const row = ((input >> 4) & 2) | (input & 1);
      const digit = rows[row]?.charAt((input >> 1) & 15) ?? "";
      const placed = parseInt(digit, 16) << (28 - 4 * box);
      table[box * 64 + input] = rotateRight(permuteRound(placed), 1);
    }
  });
  return table;
}

function permuteRound(word: number): number {
  return ROUND_PERMUTATION.reduce((out, source) => (out << 1) | ((word >>> (32 - source)) & 1), 0);
}

function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/**
 * @param key 8 bytes; DES ignores the lowest bit of each
 * @param schedule output, 32 words of 0
 */
export function makeKeySchedule(
  key: Uint8Array,
  schedule: KeySchedule = new Int32Array(KEY_SCHEDULE_WORDS),
): KeySchedule {
  for (let bit = 0; bit < 48 * ROUNDS; bit++) {
    const source = KEY_BIT_SOURCES[bit] ?? 0;
    const value = ((key[source >> 3] ?? 0) >> (7 - (source & 7))) & 1;
    if (value === 0) continue;
    const round = Math.floor(bit / 48);
    const box = Math.floor((bit % 48) / 6);
    const word = 2 * round + (box & 1);
    // Odd and even S-boxes both read from bits 31..26, 23..18, 15..10 and 7..2.
    const shift = 31 - 8 * (box >> 1) - (bit % 6);
    schedule[word] = (schedule[word] ?? 0) | (1 << shift);
  }
  return schedule;
}

/** Writes the block's two halves, in the form that {@link runRounds} uses, to `out[0]` and `out[1]`. */
export function permuteInitially(block: Uint8Array, offset: number, out: Int32Array): void {
  for (let half = 0; half < 2; half++) {
    let word = 0;
    for (let i = 0; i < 32; i++) {
      // Row r of the initial permutation reads one bit column of the block, from its last byte to its first.
      const column = 2 * (i >> 3) + (half === 0 ? 1 : 0);
      const byte = block[offset + 7 - (i & 7)] ?? 0;
      word = (word << 1) | ((byte >> (7 - column)) & 1);
    }
    out[half] = rotateRight(word, 1);
  }
}

/**
 * All 16 rounds. `out` receives the input of the final permutation, which equals {@link permuteInitially} of
 * the encrypted block.
 */
export function runRounds(schedule: KeySchedule, left: number, right: number, out: Int32Array): void {
  const table = ROUND_TABLE;
  let l = left;
  let r = right;
  for (let k = 0; k < KEY_SCHEDULE_WORDS; k += 4) {
    let odd = r ^ (schedule[k] as number);
    let even = ((r << 4) | (r >>> 28)) ^ (schedule[k + 1] as number);
    l ^=
      (table[odd >>> 26] as number) ^
      (table[64 + (even >>> 26)] as number) ^
      (table[128 + ((odd >>> 18) & 63)] as number) ^
      (table[192 + ((even >>> 18) & 63)] as number) ^
      (table[256 + ((odd >>> 10) & 63)] as number) ^
      (table[320 + ((even >>> 10) & 63)] as number) ^
      (table[384 + ((odd >>> 2) & 63)] as number) ^
      (table[448 + ((even >>> 2) & 63)] as number);
    odd = l ^ (schedule[k + 2] as number);
    even = ((l << 4) | (l >>> 28)) ^ (schedule[k + 3] as number);
    r ^=
      (table[odd >>> 26] as number) ^
      (table[64 + (even >>> 26)] as number) ^
      (table[128 + ((odd >>> 18) & 63)] as number) ^
      (table[192 + ((even >>> 18) & 63)] as number) ^
      (table[256 + ((odd >>> 10) & 63)] as number) ^
      (table[320 + ((even >>> 10) & 63)] as number) ^
      (table[384 + ((odd >>> 2) & 63)] as number) ^
      (table[448 + ((even >>> 2) & 63)] as number);
  }
  out[0] = r;
  out[1] = l;
}

/** Encrypts 8 bytes at `offset` of `block` to the same place in `out`. */
export function encryptBlock(
  schedule: KeySchedule,
  block: Uint8Array,
  out: Uint8Array,
  offset: number,
): void {
  const halves = new Int32Array(2);
  permuteInitially(block, offset, halves);
  runRounds(schedule, halves[0] ?? 0, halves[1] ?? 0, halves);
  permuteFinally(halves, out, offset);
}

function permuteFinally(halves: Int32Array, out: Uint8Array, offset: number): void {
  out.fill(0, offset, offset + 8);
  for (let half = 0; half < 2; half++) {
    const word = rotateRight(halves[half] ?? 0, 31);
    for (let i = 0; i < 32; i++) {
      const column = 2 * (i >> 3) + (half === 0 ? 1 : 0);
      const byte = offset + 7 - (i & 7);
      out[byte] = (out[byte] ?? 0) | (((word >>> (31 - i)) & 1) << (7 - column));
    }
  }
}
