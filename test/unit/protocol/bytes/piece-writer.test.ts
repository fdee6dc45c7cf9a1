import { expect, it } from "vitest";
import { PieceWriter, type HeaderWriter } from "../../../../protocol/bytes/piece-writer.ts";
import { SlowStream } from "./slow-stream.ts";

/** Puts two bytes before each piece. */
class HeaderStream extends SlowStream implements HeaderWriter {
  readonly headerBytes = 2;

  writeBehindHeader(piece: Buffer, done: () => void): void {
    const whole = Buffer.from(piece.buffer, piece.byteOffset - 2, piece.length + 2);
    whole.set([0xaa, piece.length % 256]);
    this.write(whole, done);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("writes one piece at a time and counts what waits", async () => {
  const stream = new SlowStream();
  let written = 0;
  const writer = new PieceWriter(stream, () => (written += 1));
  writer.add(Buffer.alloc(20_000));
  writer.add(Buffer.alloc(30_000));
  expect(stream.offered).toHaveLength(0);
  writer.start();
  expect(stream.offered.map(({ length }) => length)).toEqual([20_000]);
  expect([writer.isWriting, writer.waiting]).toEqual([true, 50_000]);
  stream.accept();
  await turn();
  expect(stream.offered.map(({ length }) => length)).toEqual([20_000, 30_000]);
  expect([written, writer.waiting]).toEqual([1, 30_000]);
  stream.accept();
  await turn();
  expect([written, writer.isWriting, writer.waiting]).toEqual([2, false, 0]);
});

it("joins small pieces that wait, up to a TLS record, in order", async () => {
  const stream = new SlowStream();
  const writer = new PieceWriter(stream, () => undefined);
  for (const value of [1, 2, 3]) writer.add(Buffer.alloc(6_000, value));
  writer.start();
  stream.accept();
  await turn();
  const [first, second] = stream.offered;
  expect(first).toEqual(Buffer.concat([Buffer.alloc(6_000, 1), Buffer.alloc(6_000, 2)]));
  expect(second).toEqual(Buffer.alloc(6_000, 3));
});

it("gives pieces without free bytes, and joined ones, room for the header", async () => {
  const stream = new HeaderStream();
  const writer = new PieceWriter(stream, () => undefined);
  expect(writer.headerBytes).toBe(2);
  const memory = Buffer.from([9, 9, 1, 2, 3]);
  writer.add(memory.subarray(2));
  writer.start();
  stream.accept();
  await turn();
  writer.addForeign(Buffer.from([4]));
  writer.addForeign(Buffer.from([5, 6]));
  writer.start();
  stream.accept();
  await turn();
  expect(stream.offered).toEqual([Buffer.from([0xaa, 3, 1, 2, 3]), Buffer.from([0xaa, 3, 4, 5, 6])]);
});

it("leaves what waits to the stream when it is flushed", async () => {
  const stream = new SlowStream();
  const writer = new PieceWriter(stream, () => undefined);
  for (const value of [1, 2]) writer.add(Buffer.alloc(20_000, value));
  writer.start();
  writer.flush();
  expect(stream.writableLength).toBe(40_000);
  stream.accept();
  await turn();
  expect(stream.offered.map((piece) => piece[0])).toEqual([1, 2]);
});
