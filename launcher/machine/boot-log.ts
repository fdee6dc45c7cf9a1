import { appendFile, open, stat, truncate } from "node:fs/promises";
import type { BootLog } from "../../protocol/index.ts";

/** A guest may write to its serial port without end: a longer log is trimmed. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
/** What is left of a trimmed log. */
const KEPT_BYTES = 1024 * 1024;
/** The end of it that a request returns. */
const SHOWN_BYTES = 128 * 1024;

/** The end of what the guest wrote to its serial port. */
export async function readBootLog(file: string): Promise<BootLog> {
  const { bytes, truncated } = await readTail(file, SHOWN_BYTES);
  return { text: bytes.toString("utf8"), truncated };
}

/**
 * Cuts a log that has grown too long. QEMU appends meanwhile: what it writes between the two steps stands before the part
 * that is kept, and what it wrote since that was read is lost.
 */
export async function trimBootLog(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null || found.size <= MAX_LOG_BYTES) return;
  const { bytes } = await readTail(file, KEPT_BYTES);
  await truncate(file, 0);
  await appendFile(file, bytes);
}

async function readTail(file: string, atMost: number): Promise<{ bytes: Buffer; truncated: boolean }> {
  const handle = await open(file, "r").catch(() => null);
  if (handle === null) return { bytes: Buffer.alloc(0), truncated: false };
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, atMost));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    return { bytes: bytes.subarray(0, bytesRead), truncated: size > atMost };
  } finally {
    await handle.close();
  }
}
