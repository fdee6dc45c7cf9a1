import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { z } from "zod";

/** Read whole: partition table, header, and the first file system's superblock. */
const HEAD_BYTES = 2 * 1024 * 1024;
/** Read at even distances from the rest. */
const SAMPLES = 64;
const SAMPLE_BYTES = 16 * 1024;

/** What a file was when a machine's disk was put over it. */
export const baseIdentity = z.object({
  inode: z.number(),
  bytes: z.number(),
  modifiedMs: z.number(),
  /** SHA-256 of samples of the content: a restored copy of the file has another inode, or another time. */
  sample: z.string(),
});
export type BaseIdentity = z.infer<typeof baseIdentity>;

/** @throws the system's error */
export function identifyBase(file: string): Promise<BaseIdentity> {
  return withFile(file, async (handle) => {
    const { ino: inode, size: bytes, mtimeMs: modifiedMs } = await handle.stat();
    return { inode, bytes, modifiedMs, sample: await sampleContent(handle, bytes) };
  });
}

/**
 * Whether a file is still the one that it was: by inode, size and time, or else by its content.
 * @throws the system's error
 */
export function isSameBase(file: string, known: BaseIdentity): Promise<boolean> {
  return withFile(file, async (handle) => {
    const { ino, size, mtimeMs } = await handle.stat();
    if (size !== known.bytes) return false;
    if (ino === known.inode && mtimeMs === known.modifiedMs) return true;
    return (await sampleContent(handle, size)) === known.sample;
  });
}

async function sampleContent(handle: FileHandle, size: number): Promise<string> {
  const hash = createHash("sha256");
  const add = async (offset: number, length: number): Promise<void> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    hash.update(buffer.subarray(0, bytesRead));
  };
  await add(0, Math.min(HEAD_BYTES, size));
  const rest = size - HEAD_BYTES - SAMPLE_BYTES;
  for (let index = 0; index <= SAMPLES && rest > 0; index++)
    await add(HEAD_BYTES + Math.floor((rest * index) / SAMPLES), SAMPLE_BYTES);
  return hash.digest("hex");
}

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, "r");
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
