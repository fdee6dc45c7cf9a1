import {
  createDuplexPair,
  type MemoryDuplex,
  type MemoryDuplexOptions,
} from "../../../support/memory-duplex.ts";

/** source ⇄ from — pipe — to ⇄ sink */
export function makePipeStreams(options: MemoryDuplexOptions = {}) {
  const [source, from] = createDuplexPair(options);
  const [to, sink] = createDuplexPair(options);
  for (const stream of [source, from, to, sink]) stream.on("error", () => undefined);
  return { source, from, to, sink };
}

export function collectText(stream: MemoryDuplex): { text(): string; ended: Promise<void> } {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => stream.once("end", resolve));
  return { text: () => Buffer.concat(chunks).toString("latin1"), ended };
}

export function waitEventLoopTurns(count = 5): Promise<void> {
  let turn = Promise.resolve();
  for (let i = 0; i < count; i++) turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
  return turn;
}
