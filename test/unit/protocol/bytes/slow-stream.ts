import { Duplex } from "node:stream";

/** Takes a piece when it is told to, and reads its memory only then, as a kernel with a full buffer does. */
export class SlowStream extends Duplex {
  readonly releasesChunks = true;
  /** What was written, the last one perhaps not yet accepted. */
  readonly offered: Buffer[] = [];
  /** What it took, as it was then. */
  readonly accepted: Buffer[] = [];
  #accept: (() => void) | undefined;

  accept(): void {
    const accept = this.#accept;
    this.#accept = undefined;
    accept?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.offered.push(chunk);
    this.#accept = () => {
      this.accepted.push(Buffer.from(chunk));
      done();
    };
  }

  override _read(): void {
    // Nothing comes.
  }
}
