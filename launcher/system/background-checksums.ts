import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** SHA-256 of a whole file, in hexadecimal. */
async function hashFile(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest("hex");
}

interface RunningChecksum {
  readonly done: Promise<void>;
  readonly stop: AbortController;
}

/** Checksums computed in the background: one at a time for each transfer. */
export class BackgroundChecksums {
  readonly #running = new Map<string, RunningChecksum>();
  readonly #failures = new Map<string, unknown>();

  /** Starts, unless it is running. The failure of an earlier attempt is thrown instead, once. */
  begin(journey: string, file: string, use: (sha256: string) => void | Promise<void>): void {
    if (this.#running.has(journey)) return;
    if (this.#failures.has(journey)) {
      const failure = this.#failures.get(journey);
      this.#failures.delete(journey);
      throw failure;
    }
    const stop = new AbortController();
    const done = hashFile(file, stop.signal)
      .then(use)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.#failures.set(journey, error);
      })
      .finally(() => this.#running.delete(journey));
    this.#running.set(journey, { done, stop });
  }

  /** Aborts, and waits until nothing reads the file. */
  async stop(journey: string): Promise<void> {
    const summing = this.#running.get(journey);
    summing?.stop.abort();
    await summing?.done;
    this.#failures.delete(journey);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((journey) => this.stop(journey)));
  }
}
