import { expect } from "vitest";
import { FrameDecoder, parseAll, type Grammar } from "../../../protocol/index.ts";

/** What every grammar owes: its value from whole input, from single bytes and amid others; waiting, not failing, when cut. */
export function checkGrammar<T>(grammar: () => Grammar<T>, wire: Buffer, value: T): void {
  expect(parseAll(grammar(), wire)).toEqual({ value, rest: Buffer.alloc(0) });

  const tail = Buffer.from([0xaa, 0xbb]);
  expect(parseAll(grammar(), Buffer.concat([wire, tail]))).toEqual({ value, rest: tail });

  for (let length = 0; length < wire.length; length++) {
    const parsed = parseAll(grammar(), wire.subarray(0, length));
    expect(parsed, `cut after ${length} bytes`).toHaveProperty("missing");
    expect((parsed as { missing: number }).missing).toBeLessThanOrEqual(wire.length - length);
  }

  const values: T[] = [];
  const decoder = new FrameDecoder(grammar, (one) => values.push(one));
  for (const byte of Buffer.concat([wire, wire])) decoder.push(Buffer.of(byte));
  expect(values).toEqual([value, value]);
  expect(decoder.idle).toBe(true);
}

/** The value of input that must be complete and exact. */
export function parseExactly<T>(grammar: Grammar<T>, wire: Buffer): T {
  const parsed = parseAll(grammar, wire);
  if ("missing" in parsed) throw new Error(`${parsed.missing} bytes are missing`);
  expect(parsed.rest).toHaveLength(0);
  return parsed.value;
}
