import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Stoppable {
  stop(): Promise<unknown>;
}

/**
 * Owns what a test starts: `close()` stops it all, the youngest first. Make one per test or per file, and close it in
 * `afterEach` or `afterAll`.
 */
export class CleanupStack {
  readonly #entries: Stoppable[] = [];

  add<T extends Stoppable>(thing: T): T {
    this.#entries.push(thing);
    return thing;
  }

  /** A private folder with a short path (a Unix socket's path ends at 108 bytes); it goes when the owner closes. */
  async makeFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "pt-"));
    this.add({ stop: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) });
    return folder;
  }

  /** @throws the first failure, after everything was given its chance to stop. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let thing = this.#entries.pop(); thing !== undefined; thing = this.#entries.pop())
      await thing.stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
