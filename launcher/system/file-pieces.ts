import { constants } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { DISK_PIECE_BYTES } from "../../protocol/index.ts";

/** As many bytes as one response may hold; fewer at the end. */
export async function readPiece(file: string, offset: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const piece = Buffer.alloc(DISK_PIECE_BYTES);
    let filled = 0;
    while (filled < piece.length) {
      const { bytesRead } = await handle.read(piece, filled, piece.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return piece.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/**
 * Appends a piece at its offset. One that is there already, and one that would leave a hole, change nothing.
 * @returns the size of the file now
 */
export async function writePiece(file: string, offset: number, data: Buffer): Promise<number> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size } = await handle.stat();
    if (offset > size || offset + data.length <= size) return size;
    let written = 0;
    while (written < data.length) {
      const left = data.length - written;
      written += (await handle.write(data, written, left, offset + written)).bytesWritten;
    }
    return offset + data.length;
  } finally {
    await handle.close();
  }
}

/** Makes what was written durable. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Empties the file for a new transfer. */
export async function truncateFile(file: string): Promise<void> {
  await truncate(file, 0);
}
