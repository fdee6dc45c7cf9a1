import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { CURRENT_FILE, listAuditFiles, nameRotated, syncFolder } from "./audit-files.ts";
import { readFirstSequence, readTail, type Tail } from "./tail.ts";

/** The log's bytes on the disk: the current file, and those that were put aside when they were full. */
export class Journal {
  readonly #folder: string;
  readonly #maxFileBytes: number;
  #file: FileHandle;
  #size: number;
  #firstSequence: number | null;

  private constructor(
    folder: string,
    maxFileBytes: number,
    current: { file: FileHandle; size: number; firstSequence: number | null },
  ) {
    this.#folder = folder;
    this.#maxFileBytes = maxFileBytes;
    this.#file = current.file;
    this.#size = current.size;
    this.#firstSequence = current.firstSequence;
  }

  /** Opens the current file, and tells where the log ends. The caller closes. */
  static async open(folder: string, maxFileBytes: number): Promise<{ journal: Journal; tail: Tail }> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, CURRENT_FILE);
    const file = await open(path, "r+").catch(() => open(path, "wx+", 0o600));
    try {
      const tail = await readTail(file);
      const firstSequence = await readFirstSequence(file);
      const journal = new Journal(folder, maxFileBytes, { file, size: tail.size, firstSequence });
      if (tail.size > 0) return { journal, tail };
      // The current file is new: the log ends in the one before.
      const before = (await listAuditFiles(folder)).at(-2);
      if (before === undefined) return { journal, tail };
      const { position, signed } = await readTailOf(before);
      return { journal, tail: { ...tail, position, signed } };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Takes away what stands behind this many bytes of the current file. */
  async truncate(size: number = this.#size): Promise<void> {
    await this.#file.truncate(size);
    this.#size = size;
  }

  /**
   * Settles when all is on the disk; when it rejects, nothing is there: half a line would spoil the next.
   * @param firstSequence of the first line in `bytes`
   */
  async append(bytes: Buffer, firstSequence: number): Promise<void> {
    if (this.#size > 0 && this.#size + bytes.length > this.#maxFileBytes) {
      // A file that cannot be put aside goes on growing, and is tried again with the next lines.
      await this.#rotate().catch(() => undefined);
    }
    try {
      let written = 0;
      while (written < bytes.length) {
        const step = await this.#file.write(bytes, written, bytes.length - written, this.#size + written);
        written += step.bytesWritten;
      }
      await this.#file.datasync();
    } catch (error) {
      await this.truncate().catch(() => undefined);
      throw error;
    }
    this.#size += bytes.length;
    this.#firstSequence ??= firstSequence;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The new file is made before the old one leaves its name: whatever fails, one of them is in place. */
  async #rotate(): Promise<void> {
    const current = join(this.#folder, CURRENT_FILE);
    const fresh = `${current}.new`;
    const aside = join(this.#folder, nameRotated(this.#firstSequence ?? 0));
    const next = await open(fresh, "w+", 0o600);
    try {
      await rename(current, aside);
      await rename(fresh, current).catch(async (error: unknown) => {
        await rename(aside, current);
        throw error;
      });
    } catch (error) {
      await next.close();
      throw error;
    }
    await syncFolder(this.#folder).catch(() => undefined);
    const full = this.#file;
    this.#file = next;
    this.#size = 0;
    this.#firstSequence = null;
    await full.close();
  }
}

async function readTailOf(path: string): Promise<Tail> {
  const file = await open(path, "r");
  try {
    return await readTail(file);
  } finally {
    await file.close();
  }
}
