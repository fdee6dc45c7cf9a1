import { sha256Text } from "../../protocol/index.ts";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ChainPosition } from "./audit-chain.ts";
import type { AuditKey } from "./audit-key.ts";

const HEAD_FILE = "audit.head";
/** Fixed, so that it can be rewritten on a full disk. */
const HEAD_BYTES = 512;
const CONTEXT = "postern audit head 1";

/**
 * How far the log goes: `done` is on the disk, and what is being written right now ends at `next`.
 * Outside the log, so that a log that was cut or made longer does not fit it.
 */
export interface AuditHead {
  readonly done: ChainPosition;
  readonly next: ChainPosition;
}

const positionSchema = z.object({
  sequence: z.number().int().min(0),
  hash: sha256Text,
});
const headSchema = z.object({
  key: z.string(),
  done: positionSchema,
  next: positionSchema,
  signature: z.string(),
});

/** The signed file `audit.head`. */
export class AuditHeadFile {
  readonly #path: string;
  readonly #serverId: string;
  readonly #key: AuditKey;
  #file: FileHandle | undefined;

  constructor(folder: string, serverId: string, key: AuditKey) {
    this.#path = join(folder, HEAD_FILE);
    this.#serverId = serverId;
    this.#key = key;
  }

  async write({ done, next }: AuditHead): Promise<void> {
    this.#file ??= await open(this.#path, "r+").catch(() => open(this.#path, "wx", 0o600));
    const signature = this.#key.sign(encodeHeadStatement(this.#serverId, { done, next }));
    const text = JSON.stringify({ key: this.#key.id, done, next, signature });
    const bytes = Buffer.from(`${text.padEnd(HEAD_BYTES - 1)}\n`, "latin1");
    const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, 0);
    if (bytesWritten !== bytes.length) throw new Error("the audit log's head could not be written");
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

interface SignatureVerifier {
  verify(id: string, statement: Buffer, signature: string): boolean;
}

/** The head as the file has it; null: there is none, or its signature does not fit. */
export async function readAuditHead(
  folder: string,
  serverId: string,
  keys: SignatureVerifier,
): Promise<AuditHead | null> {
  const parsed = headSchema.safeParse(await readJson(join(folder, HEAD_FILE)));
  if (!parsed.success) return null;
  const { key, signature, done, next } = parsed.data;
  return keys.verify(key, encodeHeadStatement(serverId, { done, next }), signature) ? { done, next } : null;
}

function encodeHeadStatement(serverId: string, { done, next }: AuditHead): Buffer {
  const fields = [CONTEXT, serverId, done.sequence, done.hash, next.sequence, next.hash];
  return Buffer.from(fields.join("\n"), "utf8");
}

async function readJson(path: string): Promise<unknown> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return JSON.parse(buffer.toString("latin1", 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
