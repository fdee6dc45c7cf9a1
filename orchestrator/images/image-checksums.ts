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

/** The checksums of a server's images: worked out once, one after the other, and remembered beside the files. */
export class ImageChecksums {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #known = new Map<string, StoredChecksum>();
  readonly #closing = new AbortController();
  #working: Promise<void> = Promise.resolve();
  readonly #pending = new Set<string>();

  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Null: it is not known yet; {@link compute} works it out. */
  async find(id: string, seen: FileVersion): Promise<string | null> {
    const known = this.#known.get(id) ?? (await this.#read(id));
    if (known === null) return null;
    this.#known.set(id, known);
    return isSame(known, seen) ? known.sha256 : null;
  }

  /** Works a checksum out in the background, once; `onDone` may find it then, unless the file became another one. */
  compute(id: string, seen: FileVersion, onDone: () => void): void {
    if (this.#pending.has(id)) return;
    this.#pending.add(id);
    this.#working = this.#working
      .then(() => this.#computeNow(id, seen))
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
    await this.#working;
  }

  async #computeNow(id: string, seen: FileVersion): Promise<void> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(seen.file), hash, { signal: this.#closing.signal });
    const { size, mtimeMs } = await stat(seen.file);
    if (size !== seen.bytes || mtimeMs !== seen.modifiedMs) return;
    const known = { ...seen, sha256: hash.digest("hex") };
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

  /** A folder that cannot be written to costs the work anew at each start. */
  async #write(id: string, known: StoredChecksum): Promise<void> {
    try {
      const fresh = join(this.#folder, `.${id}.sum.new`);
      await writeFile(fresh, `${JSON.stringify(known)}\n`, { mode: 0o600 });
      await rename(fresh, this.#fileOf(id));
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

function isSame(known: StoredChecksum, seen: FileVersion): boolean {
  return known.file === seen.file && known.bytes === seen.bytes && known.modifiedMs === seen.modifiedMs;
}
