import { isPosternError } from "../../protocol/index.ts";

/** One number makes a whole test run again: `FUZZ_SEED=… npx vitest run --project fuzz`. */
const SEED = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
export const RUNS = Number(process.env["FUZZ_RUNS"] ?? 100_000);

/** A reproducible source of integers from 0 to `below` - 1. */
export type Random = (below: number) => number;

function seedRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    // xorshift after an additive step: plain, fast and even enough for choosing mutations.
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

export function randomFor(run: number): Random {
  return seedRandom(SEED + Math.imul(run, 7919));
}

/** Values at which lengths, counts and types tend to go wrong. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x1000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy of `input` with one to four faults in it; half the time the first `keep` bytes stay as they are. */
export function mutate(input: Buffer, random: Random, keep = 0): Buffer {
  const start = random(2) * keep;
  let out: Buffer = Buffer.from(input.subarray(start));
  for (let faults = 1 + random(4); faults > 0; faults--) out = mutateOnce(out, random);
  return Buffer.concat([input.subarray(0, start), out]);
}

function mutateOnce(input: Buffer, random: Random): Buffer {
  const at = random(input.length + 1);
  switch (random(8)) {
    case 0:
      return input.subarray(0, at);
    case 1:
      return Buffer.concat([
        input.subarray(0, at),
        input.subarray(Math.min(input.length, at + 1 + random(8))),
      ]);
    case 2: {
      const junk = Buffer.from(Array.from({ length: 1 + random(12) }, () => random(256)));
      return Buffer.concat([input.subarray(0, at), junk, input.subarray(at)]);
    }
    case 3:
      return Buffer.concat([input.subarray(0, at), input.subarray(random(input.length + 1))]);
    case 4:
      if (at + 4 <= input.length) input.writeUInt32BE(EDGES[random(EDGES.length)]!, at);
      return input;
    case 5:
      if (at + 2 <= input.length) input.writeUInt16BE(EDGES[random(EDGES.length)]! & 0xffff, at);
      return input;
    case 6:
      if (at < input.length) input[at] = random(256);
      return input;
    default:
      if (at < input.length) input[at]! ^= 1 << random(8);
      return input;
  }
}

/** The same bytes in pieces of random length. */
export function cut(input: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length;) {
    const length = 1 + random(random(4) === 0 ? 3 : 64);
    pieces.push(input.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** What something comes to: a value, or the code of an error of the family; anything else is the fault looked for. */
export type Outcome<T> = { readonly value: T } | { readonly code: string };

export function attempt<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

export function codeOf(error: unknown): string {
  if (isPosternError(error)) return error.code;
  throw error;
}

/** Runs `check` for each run and names the input of the one that fails. */
export function fuzz(
  makeBase: (random: Random) => Buffer,
  check: (input: Buffer, random: Random) => void,
  keep = 0,
): void {
  for (let run = 0; run < RUNS; run++) {
    const random = randomFor(run);
    const input = mutate(makeBase(random), random, keep);
    try {
      check(input, random);
    } catch (cause) {
      throw new Error(describeRun(run, input), { cause });
    }
  }
}

/** One to four of these, one after another. */
export function join(parts: readonly Buffer[], random: Random): Buffer {
  return Buffer.concat(Array.from({ length: 1 + random(4) }, () => parts[random(parts.length)]!));
}

export function describeRun(run: number, input: Buffer): string {
  return `FUZZ_SEED=${SEED}, run ${run}, input ${input.toString("hex")}`;
}
