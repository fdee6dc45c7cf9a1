import { Conversation, isPosternError, UNEXPLAINED } from "../../../../../protocol/index.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../../support/memory-duplex.ts";

/** How a handshake ended: with a value, or with the code of what it threw. */
type Outcome<T> = { readonly value: T } | { readonly code: string; readonly safeMessage: string };

export interface Played<T> {
  readonly outcome: Outcome<T>;
  /** All that was written to the far end. */
  readonly sent: Buffer;
  /** Bytes that the handshake left in the stream. */
  readonly rest: Buffer;
}

/** Runs one side of a handshake against a far end that says these pieces, one by one, whatever it hears, and ends. */
export async function playAgainst<T>(
  pieces: readonly Buffer[],
  handshake: (peer: Conversation) => Promise<T>,
): Promise<Played<T>> {
  const [near, far] = createDuplexPair();
  near.on("error", () => undefined);
  far.on("error", () => undefined);
  const heard: Buffer[] = [];
  far.on("data", (chunk: Buffer) => heard.push(chunk));
  const peer = new Conversation(near, { deadlineMs: 10_000, maxBytes: 100_000 }, new ManualClock());
  let settled = false;
  const running = settle(handshake(peer)).finally(() => {
    settled = true;
  });
  // It may fail while pieces are still being said; it is awaited below.
  running.catch(() => undefined);
  for (const piece of pieces) {
    far.write(piece);
    await nextTurn();
  }
  for (let turn = 0; turn < 3 && !settled; turn++) await nextTurn();
  if (!settled) far.end();
  const outcome = await running;
  const rest = (peer.release().read() as Buffer | null) ?? Buffer.alloc(0);
  await nextTurn();
  near.destroy();
  far.destroy();
  return { outcome, sent: Buffer.concat(heard), rest };
}

async function settle<T>(running: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await running };
  } catch (error) {
    if (!isPosternError(error)) throw error;
    return { code: error.code, safeMessage: error.safeMessage ?? UNEXPLAINED };
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The input whole, as single bytes, and cut in two at every place. */
export function* cutEverywhere(input: Buffer): Iterable<Buffer[]> {
  yield [input];
  yield Array.from(input, (byte) => Buffer.of(byte));
  for (let at = 1; at < input.length; at++) yield [input.subarray(0, at), input.subarray(at)];
}
