/** The first buffer: what an idle session holds. */
const MIN_BUFFER_BYTES = 16 * 1024;
/** A TLS record, and the least room that a read is given. */
const MIN_READ_BYTES = 16 * 1024;
/** The largest: enough for sixteen full TLS records in one piece. */
const MAX_BUFFER_BYTES = 256 * 1024;
/** Buffers that lie ready for another read. */
const MAX_SPARE_BUFFERS = 8;
/** So many small pieces in a row, and smaller buffers do. */
const SMALL_PIECES_TO_SHRINK = 16;

interface LentBuffer {
  readonly buffer: Buffer;
  /** The piece before the last one, counted over all that were taken. */
  until: number;
}

/**
 * Memory that reads fill one behind the other, so that what came in several pieces leaves in one, and that is used again
 * once it has left: a stream's reads then cost no allocation. It grows with the reads that fill it, and shrinks when
 * they have long been small.
 */
export class ReadBuffers {
  #buffer: Buffer = Buffer.allocUnsafeSlow(MIN_BUFFER_BYTES);
  /** Filled and not taken yet: from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  #size = MIN_BUFFER_BYTES;
  #taken = 0;
  #quiet = 0;
  /** Buffers that pieces were taken of, oldest first. */
  readonly #lent: LentBuffer[] = [];
  readonly #spare: Buffer[] = [];

  /** Bytes that were read and not taken. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Bytes of all pieces so far. */
  get taken(): number {
    return this.#taken;
  }

  /** The next read brought `length` bytes. */
  filled(length: number): void {
    this.#end += length;
  }

  /** What has come since the last piece. It stays as it is until it is said to have left. */
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

  /** Whether another read would have too little room behind what waits. */
  get isFull(): boolean {
    return this.#buffer.length - this.#end < MIN_READ_BYTES;
  }

  /** The reads fill their room: larger ones would take fewer system calls. */
  grow(): void {
    if (this.#size < MAX_BUFFER_BYTES) this.#size *= 2;
  }

  /**
   * Room for the next read, at least one TLS record of it; nothing may be pending when it {@link isFull}.
   * @param left bytes of pieces that have left, of all that were {@link taken}
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
