import { describe, expect, it } from "vitest";
import { ReadBuffers } from "../../../../protocol/bytes/read-buffers.ts";

const KIB = 1024;

/** A read of so many bytes, all of the value given. */
function read(buffers: ReadBuffers, room: Buffer, length: number, value: number): void {
  room.fill(value, 0, length);
  buffers.keep(buffers.latest(length));
}

/** Filled by reads until its buffers are the largest. */
function grown(headerBytes = 0): ReadBuffers {
  const buffers = new ReadBuffers(headerBytes);
  while (buffers.nextBuffer(buffers.taken).length < 256 * KIB - 2 * headerBytes) {
    while (!buffers.isFull) read(buffers, buffers.nextBuffer(buffers.taken), KIB, 0);
    buffers.grow();
    buffers.take();
  }
  return buffers;
}

describe("read buffers", () => {
  it("give what came in several reads as one piece, in order", () => {
    const buffers = grown();
    read(buffers, buffers.nextBuffer(0), 16 * KIB, 1);
    read(buffers, buffers.nextBuffer(0), 10, 2);
    expect(buffers.pending).toBe(16 * KIB + 10);
    const before = buffers.taken;
    const piece = buffers.take();
    expect(piece).toEqual(Buffer.concat([Buffer.alloc(16 * KIB, 1), Buffer.alloc(10, 2)]));
    expect(buffers.pending).toBe(0);
    expect(buffers.taken).toBe(before + piece.length);
  });

  it("use the same memory again once all of it has left", () => {
    const buffers = grown();
    const room = buffers.nextBuffer(buffers.taken);
    read(buffers, room, 1000, 1);
    buffers.take();
    expect(buffers.nextBuffer(buffers.taken).byteOffset).toBe(room.byteOffset);
    expect(buffers.nextBuffer(buffers.taken).buffer).toBe(room.buffer);
  });

  it("never touch a piece that has not left", () => {
    const buffers = grown();
    const kept: [Buffer, number][] = [];
    const base = buffers.taken;
    for (let value = 0; value < 200; value++) {
      // The last twenty pieces are still under way.
      const left = kept.slice(0, -20).reduce((sum, [piece]) => sum + piece.length, base);
      read(buffers, buffers.nextBuffer(left), 9000, value);
      if (buffers.isFull || value % 3 === 0) kept.push([buffers.take(), value]);
      for (const [piece, last] of kept.slice(-20)) expect(piece.at(-1)).toBe(last);
    }
  });

  it("always have a quarter of the buffer or a TLS record for the next read, and say when not", () => {
    const buffers = new ReadBuffers();
    for (let value = 0; value < 300; value++) {
      const room = buffers.nextBuffer(0);
      expect(room.length).toBeGreaterThanOrEqual(Math.min(16 * KIB, buffers.latest(0).buffer.byteLength / 4));
      read(buffers, room, Math.min(room.length, 5000), value % 256);
      if (!buffers.isFull) continue;
      buffers.grow();
      buffers.take();
    }
  });

  it("leave free bytes before each piece", () => {
    const buffers = new ReadBuffers(10);
    const pieces: Buffer[] = [];
    for (let value = 1; value < 100; value++) {
      read(buffers, buffers.nextBuffer(0), 100, value);
      const piece = buffers.take();
      new Uint8Array(piece.buffer, piece.byteOffset - 10, 10).fill(0xff);
      pieces.push(piece);
    }
    pieces.forEach((piece, index) => {
      expect(piece).toEqual(Buffer.alloc(100, index + 1));
    });
  });

  it("move a read that came behind a piece that was taken meanwhile", () => {
    const buffers = new ReadBuffers(10);
    read(buffers, buffers.nextBuffer(0), 100, 1);
    const room = buffers.nextBuffer(0);
    const first = buffers.take();
    read(buffers, room, 100, 2);
    const second = buffers.take();
    new Uint8Array(second.buffer, second.byteOffset - 10, 10).fill(0xff);
    expect([first, second]).toEqual([Buffer.alloc(100, 1), Buffer.alloc(100, 2)]);
  });

  it("keep of a read what they are told, and refuse what does not follow the pending bytes", () => {
    const buffers = new ReadBuffers();
    const room = buffers.nextBuffer(0);
    room.set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const chunk = buffers.latest(10);
    expect(buffers.keep(Buffer.from([1, 2]))).toBe(false);
    expect(buffers.keep(chunk.subarray(2, 4))).toBe(true);
    expect(buffers.keep(chunk.subarray(4, 5))).toBe(true);
    expect(buffers.keep(chunk.subarray(7, 8))).toBe(false);
    expect([...buffers.take()]).toEqual([2, 3, 4]);
    expect(buffers.keep(chunk.subarray(7, 8))).toBe(true);
    expect(buffers.keep(chunk.subarray(0, 1))).toBe(false);
    expect([...buffers.take()]).toEqual([7]);
    expect(buffers.holds(chunk)).toBe(true);
    expect(buffers.holds(Buffer.from([1]))).toBe(false);
  });

  it("grow to 256 KiB where pending bytes fill them, and shrink after sixteen small pieces in a row", () => {
    const fresh = new ReadBuffers();
    expect(fresh.nextBuffer(0)).toHaveLength(4 * KIB);
    fresh.grow();
    expect(fresh.nextBuffer(0)).toHaveLength(4 * KIB);

    const buffers = grown();
    expect(buffers.nextBuffer(buffers.taken)).toHaveLength(256 * KIB);
    for (let i = 0; i < 16; i++) {
      read(buffers, buffers.nextBuffer(buffers.taken), 100, i);
      buffers.take();
    }
    expect(buffers.nextBuffer(buffers.taken)).toHaveLength(128 * KIB);
  });
});
