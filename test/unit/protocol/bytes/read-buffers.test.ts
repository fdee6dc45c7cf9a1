import { describe, expect, it } from "vitest";
import { ReadBuffers } from "../../../../protocol/bytes/read-buffers.ts";

const KIB = 1024;

/** A read of so many bytes, all of the value given. */
function read(buffers: ReadBuffers, room: Buffer, length: number, value: number): void {
  room.fill(value, 0, length);
  buffers.filled(length);
}

/** Grows to the largest buffers. */
function grown(): ReadBuffers {
  const buffers = new ReadBuffers();
  for (let i = 0; i < 10; i++) buffers.grow();
  return buffers;
}

describe("read buffers", () => {
  it("give what came in several reads as one piece, in order", () => {
    const buffers = grown();
    read(buffers, buffers.nextBuffer(0), 16 * KIB, 1);
    read(buffers, buffers.nextBuffer(0), 10, 2);
    expect(buffers.pending).toBe(16 * KIB + 10);
    const piece = buffers.take();
    expect(piece).toEqual(Buffer.concat([Buffer.alloc(16 * KIB, 1), Buffer.alloc(10, 2)]));
    expect(buffers.pending).toBe(0);
    expect(buffers.taken).toBe(piece.length);
  });

  it("use the same memory again once all of it has left", () => {
    const buffers = grown();
    const room = buffers.nextBuffer(0);
    read(buffers, room, 1000, 1);
    buffers.take();
    expect(buffers.nextBuffer(1000).byteOffset).toBe(room.byteOffset);
    expect(buffers.nextBuffer(1000).buffer).toBe(room.buffer);
  });

  it("never touch a piece that has not left", () => {
    const buffers = grown();
    const kept: [Buffer, number][] = [];
    for (let value = 0; value < 200; value++) {
      // The last twenty pieces are still under way.
      const left = kept.slice(0, -20).reduce((sum, [piece]) => sum + piece.length, 0);
      read(buffers, buffers.nextBuffer(left), 9000, value);
      if (buffers.isFull || value % 3 === 0) kept.push([buffers.take(), value]);
      for (const [piece, last] of kept.slice(-20)) expect(piece.at(-1)).toBe(last);
    }
  });

  it("always have room for a TLS record, and say when the next read has not", () => {
    const buffers = new ReadBuffers();
    for (let value = 0; value < 300; value++) {
      const room = buffers.nextBuffer(0);
      expect(room.length).toBeGreaterThanOrEqual(16 * KIB);
      read(buffers, room, 5000, value % 256);
      if (!buffers.isFull) continue;
      buffers.grow();
      buffers.take();
    }
  });

  it("grow to 256 KiB and shrink after sixteen small pieces in a row", () => {
    const buffers = new ReadBuffers();
    expect(buffers.nextBuffer(0)).toHaveLength(16 * KIB);
    for (let i = 0; i < 10; i++) buffers.grow();
    expect(buffers.nextBuffer(0)).toHaveLength(256 * KIB);
    for (let i = 0; i < 16; i++) {
      read(buffers, buffers.nextBuffer(buffers.taken), 100, i);
      buffers.take();
    }
    expect(buffers.nextBuffer(buffers.taken)).toHaveLength(128 * KIB);
  });
});
