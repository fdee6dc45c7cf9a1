import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { errorCode } from "../../../protocol/index.ts";

/** Random access for an inspector. */
export interface ImageBytes {
  readonly size: number;
  /** As many of `length` bytes from `offset` as there are. Offsets outside the file give none. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** No inspector needs more at once, whatever an image's header claims. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** An image file opened for inspection. */
export class FileBytes implements ImageBytes {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /**
   * Follows no link and does not block on a pipe.
   * @returns null: it is no ordinary file
   * @throws the system's error if it cannot be opened
   */
  static async open(file: string): Promise<FileBytes | null> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    let handle: FileHandle;
    try {
      handle = await open(file, flags);
    } catch (error) {
      if (["ELOOP", "ENXIO"].includes(errorCode(error))) return null;
      throw error;
    }
    const found = await handle.stat();
    if (found.isFile()) return new FileBytes(handle, found.size);
    await handle.close();
    return null;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, MAX_READ_BYTES, this.size - offset);
    if (!Number.isSafeInteger(offset) || offset < 0 || !(wanted > 0)) return Buffer.alloc(0);
    const buffer = Buffer.alloc(wanted);
    const { bytesRead } = await this.#handle.read(buffer, 0, wanted, offset);
    return buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
