import type { Duplex } from "node:stream";

/** Reads exact amounts from a stream and keeps all that ever came. */
export class ByteReader {
  /** Every byte since the beginning. */
  readonly all: Buffer[] = [];
  #unread = Buffer.alloc(0);
  #end: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    stream.on("data", (chunk: Buffer) => {
      this.all.push(chunk);
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#wake?.();
    });
    stream.on("error", (error) => this.#finish(error));
    stream.on("end", () => this.#finish(new Error("The other side closed the connection.")));
    stream.on("close", () => this.#finish(new Error("The connection was closed.")));
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get available(): number {
    return this.#unread.length;
  }

  /** @throws the cause of the end when it came first, Error after `timeoutMs`. */
  async read(length: number, timeoutMs = 15_000): Promise<Buffer> {
    await this.#wait(() => this.#unread.length >= length, `${length} bytes`, timeoutMs);
    const bytes = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    return bytes;
  }

  /** Waits for the end and gives what was left unread. */
  async readToEnd(timeoutMs = 15_000): Promise<Buffer> {
    await this.#wait(() => false, "the end", timeoutMs).catch((error: unknown) => {
      if (this.#end === undefined) throw error;
    });
    const bytes = this.#unread;
    this.#unread = Buffer.alloc(0);
    return bytes;
  }

  async #wait(isThere: () => boolean, what: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isThere()) {
      if (this.#end !== undefined) throw this.#end;
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(
          `Waited ${timeoutMs} ms in vain for ${what}; ${this.#unread.length} bytes are there.`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #finish(cause: Error): void {
    this.#end ??= cause;
    this.#wake?.();
  }
}
