import type { Duplex } from "node:stream";

/** Waiting pieces are joined up to the size of a TLS record: one record and one system call instead of several. */
const JOIN_BYTES = 16 * 1024;

/** A stream that puts a header of its own before each piece, into the memory before it. */
export interface HeaderWriter {
  /** Free bytes that a piece must have before it in its memory. */
  readonly headerBytes: number;
  /** Writes a piece behind all that was written before. The bytes before it in its memory are overwritten. */
  writeBehindHeader(piece: Buffer, done: () => void): void;
}

/**
 * Writes pieces to a stream one at a time: TLS copies when it is given several at once, and what comes while one is
 * written leaves together.
 */
export class PieceWriter {
  /** Free bytes that each piece must have before it in its memory. */
  readonly headerBytes: number;
  readonly #to: Duplex;
  readonly #onWritten: () => void;
  readonly #writePiece: (piece: Buffer) => void;
  readonly #queue: Buffer[] = [];
  #waiting = 0;
  #writing = 0;

  /** @param onWritten called after each write, when the next one is under way */
  constructor(to: Duplex, onWritten: () => void) {
    this.#to = to;
    this.#onWritten = onWritten;
    const writer = asHeaderWriter(to);
    this.headerBytes = writer?.headerBytes ?? 0;
    this.#writePiece = writer
      ? (piece) => {
          writer.writeBehindHeader(piece, this.#onDone);
        }
      : (piece) => {
          to.write(piece, this.#onDone);
        };
  }

  /** Bytes of all pieces that are not yet written out. */
  get waiting(): number {
    return this.#waiting;
  }

  get isWriting(): boolean {
    return this.#writing > 0;
  }

  /** Adds a piece that has the free bytes before it. It is written after `start`. */
  add(piece: Buffer): void {
    this.#queue.push(piece);
    this.#waiting += piece.length;
  }

  /** Adds a piece of memory that is not the caller's, or has no free bytes before it. */
  addForeign(piece: Buffer): void {
    this.add(this.headerBytes > 0 ? joinBehind(this.headerBytes, [piece]) : piece);
  }

  start(): void {
    if (!this.isWriting) this.#writeNext();
  }

  /** Leaves everything to the stream's own queue. It counts as waiting from then on: the stream has no copy of it. */
  flush(): void {
    for (const piece of this.#queue.splice(0)) this.#to.write(piece);
  }

  #writeNext(): void {
    const piece = this.#takeNext();
    if (!piece) return;
    this.#writing = piece.length;
    this.#writePiece(piece);
  }

  #takeNext(): Buffer | undefined {
    const [first, second] = this.#queue;
    if (!first || !second || first.length + second.length > JOIN_BYTES) return this.#queue.shift();
    let count = 0;
    let length = 0;
    for (const piece of this.#queue) {
      if (length + piece.length > JOIN_BYTES) break;
      length += piece.length;
      count += 1;
    }
    return joinBehind(this.headerBytes, this.#queue.splice(0, count));
  }

  readonly #onDone = (): void => {
    this.#waiting -= this.#writing;
    this.#writing = 0;
    this.#writeNext();
    this.#onWritten();
  };
}

function asHeaderWriter(stream: Duplex): HeaderWriter | undefined {
  const writer = stream as Partial<HeaderWriter> & Duplex;
  return (writer.headerBytes ?? 0) > 0 ? (writer as HeaderWriter & Duplex) : undefined;
}

/** The pieces as one, in new memory that has so many free bytes before it. */
function joinBehind(headerBytes: number, pieces: readonly Buffer[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const memory = Buffer.allocUnsafe(headerBytes + length);
  let at = headerBytes;
  for (const piece of pieces) at += piece.copy(memory, at);
  return memory.subarray(headerBytes);
}
