import { LimitError } from "../errors.ts";

/**
 * A byte grammar: a generator that asks for exactly `n` bytes with `yield n` and receives a Buffer of that
 * length. `yield*` composes grammars. A grammar cannot mistake a short read for an error, because the drivers
 * (`Conversation`, `FrameDecoder`) do the buffering.
 */
export type Grammar<T> = Generator<number, T, Buffer>;

/** Exactly `length` bytes. The buffer may be a view: copy it if it must outlive the grammar. */
export function* bytes(length: number): Grammar<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  return yield length;
}

export function* u8(): Grammar<number> {
  return (yield 1).readUInt8(0);
}

export function* u16(): Grammar<number> {
  return (yield 2).readUInt16BE(0);
}

export function* u32(): Grammar<number> {
  return (yield 4).readUInt32BE(0);
}

export function* s32(): Grammar<number> {
  return (yield 4).readInt32BE(0);
}

/**
 * A U32 length, then that many bytes.
 * @param max the largest length accepted, in bytes
 * @param what the field's name, for the error
 * @throws LimitError `LENGTH_LIMIT` before any byte of an overlong field is awaited
 */
export function* lengthPrefixed(max: number, what: string): Grammar<Buffer> {
  const length = yield* u32();
  checkLength(length, max, what);
  return Buffer.from(yield* bytes(length));
}

/** Like {@link lengthPrefixed}, decoded as UTF-8. */
export function* text(max: number, what: string): Grammar<string> {
  return (yield* lengthPrefixed(max, what)).toString("utf8");
}

export function checkLength(length: number, max: number, what: string): void {
  if (length > max)
    throw new LimitError("LENGTH_LIMIT", `${what} is ${length} bytes long, at most ${max} are allowed`);
}

/**
 * Runs a grammar over a complete buffer and also returns the remaining bytes. For tests and small records.
 */
export function parseAll<T>(
  grammar: Grammar<T>,
  input: Buffer,
): { value: T; rest: Buffer } | { missing: number } {
  let offset = 0;
  let step = grammar.next();
  while (!step.done) {
    const end = offset + step.value;
    if (end > input.length) return { missing: end - input.length };
    const chunk = input.subarray(offset, end);
    offset = end;
    step = grammar.next(chunk);
  }
  return { value: step.value, rest: input.subarray(offset) };
}
