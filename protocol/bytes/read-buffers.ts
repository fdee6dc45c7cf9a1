/** Size of the first buffer: what an idle session holds. */
const MIN_BUFFER_BYTES = 16 * 1024;
/** The size of a TLS record, and the least room offered to a read. */
const MIN_READ_BYTES = 16 * 1024;
/** Size of the largest buffer: enough for sixteen full TLS records in one piece. */
const MAX_BUFFER_BYTES = 256 * 1024;
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
  #buffer: Buffer = Buffer.allocUnsafeSlow(MIN_BUFFER_BYTES);
  /** Read and not yet taken: from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  #size = MIN_BUFFER_BYTES;
  #taken = 0;
  #quiet = 0;
  /** Buffers with pieces that are still being written, oldest first. */
  readonly #lent: LentBuffer[] = [];
  readonly #spare: Buffer[] = [];

  /** Bytes that were read and not yet taken. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Bytes of all pieces taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Records that the last read returned `length` bytes. */
  filled(length: number): void {
    this.#end += length;
  }

  /** The bytes read since the last piece. Not overwritten until `nextBuffer` says that they left. */
  take(): Buffer {
    const piece = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#taken += piece.length;
    this.#shrink(piece.length);
    const last = this.#lent.at(-1);
    if (last?.buffer === this.#buffer) last.until = this.#taken;
    else this.#lent.push({ buffer: this.#buffer, until: this.#taken });
    return piece;
  }

  /** Whether there is too little room for another read behind the pending bytes. */
  get isFull(): boolean {
    return this.#buffer.length - this.#end < MIN_READ_BYTES;
  }

  /** The reads fill the buffer: a larger one needs fewer system calls. */
  grow(): void {
    if (this.#size < MAX_BUFFER_BYTES) this.#size *= 2;
  }

  /**
   * Room for the next read, at least one TLS record. Nothing may be pending when it {@link isFull}.
   * @param left bytes that have been written out, of all that were {@link taken}
   */
  nextBuffer(left: number): Buffer {
    while (this.#lent[0] !== undefined && this.#lent[0].until <= left) {
      const { buffer } = this.#lent.shift() as LentBuffer;
      if (buffer !== this.#buffer && buffer.length === this.#size && this.#spare.length < MAX_SPARE_BUFFERS)
        this.#spare.push(buffer);
    }
    const isLent = this.#lent.at(-1)?.buffer === this.#buffer;
    if (this.pending === 0 && !isLent && this.#buffer.length === this.#size) this.#start = this.#end = 0;
    else if (this.isFull || (this.pending === 0 && this.#buffer.length !== this.#size)) this.#renew();
    return this.#buffer.subarray(this.#end);
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
    this.#start = this.#end = 0;
  }
}
