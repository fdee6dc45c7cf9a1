import { Duplex } from "node:stream";

export interface MemoryDuplexOptions {
  /** Bytes that a reader's side buffers before its writer has to wait, and those the writer's side reports. */
  readonly highWaterMark?: number;
  /** How a write is cut before it arrives; default: as it was written. */
  readonly chop?: (chunk: Buffer) => Iterable<Buffer>;
}

/** One end of a connection in memory: half-close and backpressure as a socket has them, no timers, no descriptors. */
export class MemoryDuplex extends Duplex {
  readonly #chop: (chunk: Buffer) => Iterable<Buffer>;
  #peer: MemoryDuplex | undefined;
  /** A write of the peer's that waits until somebody reads here. */
  #waiting: (() => void) | undefined;

  constructor(options: MemoryDuplexOptions = {}) {
    super({
      allowHalfOpen: true,
      ...(options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark }),
    });
    this.#chop = options.chop ?? ((chunk) => [chunk]);
  }

  static connect(one: MemoryDuplex, other: MemoryDuplex): void {
    one.#peer = other;
    other.#peer = one;
  }

  override _read(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.#peer;
    if (!peer || peer.destroyed) {
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      return;
    }
    let room = true;
    // Not a view: whoever reads must not see what the writer does to its buffer later.
    for (const piece of this.#chop(chunk)) room = peer.push(Buffer.from(piece));
    if (room) done();
    else peer.#waiting = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
    const peer = this.#peer;
    // Like a reset: the other end cannot end properly any more.
    if (peer && !peer.destroyed && !this.writableFinished) queueMicrotask(() => peer.destroy());
    done(error);
  }
}

/** Two ends that are connected to each other. */
export function createDuplexPair(options: MemoryDuplexOptions = {}): [MemoryDuplex, MemoryDuplex] {
  const one = new MemoryDuplex(options);
  const other = new MemoryDuplex(options);
  MemoryDuplex.connect(one, other);
  return [one, other];
}

/** Cuts every write into single bytes. */
export function* chopEveryByte(chunk: Buffer): Iterable<Buffer> {
  for (let at = 0; at < chunk.length; at++) yield chunk.subarray(at, at + 1);
}
