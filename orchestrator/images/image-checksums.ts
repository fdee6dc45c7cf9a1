import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { describeError, sha256Text } from "../../protocol/index.ts";
import type { FileVersion } from "./read-image-folder.ts";

/** `ID.sum`, beside the image. */
const storedChecksum = z.object({
  file: z.string(),
  bytes: z.number(),
  modifiedMs: z.number(),
  sha256: sha256Text,
});
type StoredChecksum = z.infer<typeof storedChecksum>;

/** The checksums of a server's images: computed once, one at a time, and stored beside the files. */
export class ImageChecksums {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #known = new Map<string, StoredChecksum>();
  readonly #closing = new AbortController();
  #computing: Promise<void> = Promise.resolve();
  readonly #pending = new Set<string>();

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Null: it is not known yet; see {@link compute}. */
  async find(id: string, version: FileVersion): Promise<string | null> {
    const known = this.#known.get(id) ?? (await this.#read(id));
    if (known === null) return null;
    this.#known.set(id, known);
    return isSame(known, version) ? known.sha256 : null;
  }

  /** Computes a checksum in the background, once. After `onDone`, {@link find} has it, unless the file changed meanwhile. */
  compute(id: string, version: FileVersion, onDone: () => void): void {
    if (this.#pending.has(id)) return;
    this.#pending.add(id);
    this.#computing = this.#computing
      .then(() => this.#computeNow(id, version))
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#log.warn(
            { event: "image.unreadable", image: id, reason: describeError(error) },
            "an image of the server could not be read",
          );
      })
      .finally(() => {
        this.#pending.delete(id);
        if (!this.#closing.signal.aborted) onDone();
      });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#computing;
  }

  async #computeNow(id: string, version: FileVersion): Promise<void> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(version.file), hash, { signal: this.#closing.signal });
    const { size, mtimeMs } = await stat(version.file);
    if (size !== version.bytes || mtimeMs !== version.modifiedMs) return;
    const known = { ...version, sha256: hash.digest("hex") };
    this.#known.set(id, known);
    await this.#write(id, known);
  }

  async #read(id: string): Promise<StoredChecksum | null> {
    try {
      return storedChecksum.parse(JSON.parse(await readFile(this.#fileOf(id), "utf8")));
    } catch {
      return null;
    }
  }

  /** In a read-only folder the checksums are computed again at each start. */
  async #write(id: string, known: StoredChecksum): Promise<void> {
    try {
      const temporary = join(this.#folder, `.${id}.sum.new`);
      await writeFile(temporary, `${JSON.stringify(known)}\n`, { mode: 0o600 });
      await rename(temporary, this.#fileOf(id));
    } catch (error) {
      this.#log.warn(
        { event: "image.sum_unkept", image: id, reason: describeError(error) },
        "the checksum of an image could not be remembered",
      );
    }
  }

  #fileOf(id: string): string {
    return join(this.#folder, `${id}.sum`);
  }
}

function isSame(known: StoredChecksum, version: FileVersion): boolean {
  return (
    known.file === version.file && known.bytes === version.bytes && known.modifiedMs === version.modifiedMs
  );
}
