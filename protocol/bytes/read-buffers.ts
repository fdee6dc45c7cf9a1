/** Size of the first buffer: what an idle session holds. */
const MIN_BUFFER_BYTES = 4 * 1024;
/** Size of the largest buffer: enough for sixteen full TLS records in one piece. */
const MAX_BUFFER_BYTES = 256 * 1024;
/** The size of a TLS record, and the least room that a large buffer offers to a read. */
const MIN_READ_BYTES = 16 * 1024;
/** Free buffers kept for reuse. */
const MAX_SPARE_BUFFERS = 8;
/** After this many consecutive small pieces, the buffer size is halved. */
const SMALL_PIECES_TO_SHRINK = 16;

interface LentBuffer {
  readonly buffer: Buffer;
  /** The buffer is free once this many bytes, counted over all pieces taken, have been written out. */
  until: number;
}

/**
 * Buffers that consecutive reads fill, so that bytes received in several reads leave in one piece. A buffer
 * is reused once its bytes have been written out, so that reads need no allocation. The size grows while
 * reads fill it, and shrinks after a series of small pieces.
 */
export class ReadBuffers {
  /** Free bytes before each piece. */
  readonly #headerBytes: number;
  #buffer: Buffer = Buffer.allocUnsafeSlow(MIN_BUFFER_BYTES);
  /** Kept and not yet taken: from `#start` to `#end`. */
  #start: number;
  #end: number;
  /** Where the next read goes: to `#end`, if nothing was taken since the room for it was given. */
  #readAt = 0;
  #size = MIN_BUFFER_BYTES;
  #taken = 0;
  #quiet = 0;
  /** Buffers with pieces that are still being written, oldest first. */
  readonly #lent: LentBuffer[] = [];
  readonly #spare: Buffer[] = [];

  /** @param headerBytes free bytes that each piece gets before it in its memory */
  constructor(headerBytes = 0) {
    this.#headerBytes = headerBytes;
    this.#start = this.#end = headerBytes;
  }

  /** Bytes that were kept and not yet taken. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Bytes of all pieces taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * What the last read, of `length` bytes, returned. Valid until the next read, if it is not kept. Bytes that were read
   * right behind a piece that was taken meanwhile are moved, so that they have free bytes before them.
   */
  latest(length: number): Buffer {
    if (this.#readAt < this.#end) this.#buffer.copyWithin(this.#end, this.#readAt, this.#readAt + length);
    return this.#buffer.subarray(this.#end, this.#end + length);
  }

  /** Whether it is a view of the buffer that reads fill now. */
  holds(piece: Buffer): boolean {
    return piece.buffer === this.#buffer.buffer;
  }

  /**
   * Appends a view of {@link latest} to the pending bytes. What is skipped before it is lost.
   * @returns false: it is no such view, or does not follow the pending bytes, which have to be taken first
   */
  keep(piece: Buffer): boolean {
    if (!this.holds(piece)) return false;
    const at = piece.byteOffset - this.#buffer.byteOffset;
    if (at !== this.#end) {
      if (at < this.#end || this.pending > 0) return false;
      this.#start = at;
    }
    this.#end = at + piece.length;
    return true;
  }

  /** The pending bytes as a piece. Not overwritten until `nextBuffer` says that they left. */
  take(): Buffer {
    const piece = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#end += this.#headerBytes;
    this.#taken += piece.length;
    this.#shrink(piece.length);
    const last = this.#lent.at(-1);
    if (last?.buffer === this.#buffer) last.until = this.#taken;
    else this.#lent.push({ buffer: this.#buffer, until: this.#taken });
    return piece;
  }

  /** Whether there is too little room for another read behind the pending bytes. */
  get isFull(): boolean {
    const { length } = this.#buffer;
    return length - this.#headerBytes - this.#end < Math.min(MIN_READ_BYTES, length / 4);
  }

  /** If pending bytes fill most of the buffer, the next one is larger: reads then need fewer system calls. */
  grow(): void {
    if (this.#size < MAX_BUFFER_BYTES && this.pending > this.#size / 2) this.#size *= 2;
  }

  /**
   * Room for the next read. Nothing may be pending when it {@link isFull}.
   * @param left bytes that have been written out, of all that were {@link taken}
   */
  nextBuffer(left: number): Buffer {
    while (this.#lent[0] !== undefined && this.#lent[0].until <= left) {
      const { buffer } = this.#lent.shift() as LentBuffer;
      if (buffer !== this.#buffer && buffer.length === this.#size && this.#spare.length < MAX_SPARE_BUFFERS)
        this.#spare.push(buffer);
    }
    if (this.pending === 0) {
      const isLent = this.#lent.at(-1)?.buffer === this.#buffer;
      if (this.#buffer.length !== this.#size || (isLent && this.isFull)) this.#renew();
      else if (!isLent) this.#start = this.#end = this.#headerBytes;
    }
    this.#readAt = this.#end;
    return this.#buffer.subarray(this.#end, this.#buffer.length - this.#headerBytes);
  }

  #shrink(length: number): void {
    this.#quiet = length < this.#size / 8 ? this.#quiet + 1 : 0;
    if (this.#quiet < SMALL_PIECES_TO_SHRINK || this.#size === MIN_BUFFER_BYTES) return;
    this.#quiet = 0;
    this.#size /= 2;
    this.#spare.length = 0;
  }

  #renew(): void {
    if (this.#spare[0]?.length !== this.#size) this.#spare.length = 0;
    this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#size);
    this.#start = this.#end = this.#headerBytes;
  }
}
