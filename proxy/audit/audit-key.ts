import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../../protocol/index.ts";
import { makeFileOnce, readIfPresent } from "../state/durable-file.ts";

const KEY_FILE = "audit.key";
export const PUBLIC_KEY_FILE = "audit.pub";
const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\n?/g;

/** The key with which one server vouches for its log. */
export interface AuditKey {
  /** SHA-256 of the public key (SPKI), hex. */
  readonly id: string;
  /** PEM. */
  readonly publicKey: string;
  /** Ed25519, base64. */
  sign(statement: Buffer): string;
}

/**
 * Reads the server's audit key (`audit.key`, PEM, mode 0600) or makes it. `audit.pub` beside it holds
 * the public keys of all keys that ever signed this log.
 * @throws ConfigError `AUDIT_KEY`
 */
export async function loadAuditKey(folder: string): Promise<AuditKey> {
  const path = join(folder, KEY_FILE);
  const pem = (await readIfPresent(path)) ?? (await makeFileOnce(path, createKey()));
  const key = await parsePrivateKey(pem, path);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  await publish(join(folder, PUBLIC_KEY_FILE), publicKey);
  return {
    id: computeKeyId(createPublicKey(key)),
    publicKey,
    sign: (statement) => sign(null, statement, key).toString("base64"),
  };
}

/** Public keys by id. */
export class AuditKeys {
  readonly #keys = new Map<string, KeyObject>();

  /**
   * @param pem one public key or more
   * @throws ConfigError `AUDIT_PUBLIC_KEY`
   */
  constructor(pem: string) {
    try {
      for (const [block] of pem.matchAll(PEM_BLOCK)) {
        const key = createPublicKey(block);
        if (key.asymmetricKeyType === "ed25519") this.#keys.set(computeKeyId(key), key);
      }
    } catch {
      // Said below: there is no key.
    }
    if (this.#keys.size > 0) return;
    const message = "The audit log's public key is no Ed25519 key in PEM form. Give the server's audit.pub.";
    throw ConfigError.public("AUDIT_PUBLIC_KEY", message);
  }

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /** Whether a signature (base64) of the key with this id fits. */
  verify(id: string, statement: Buffer, signature: string): boolean {
    const key = this.#keys.get(id);
    return key !== undefined && verify(null, statement, key, Buffer.from(signature, "base64"));
  }
}

function computeKeyId(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

async function parsePrivateKey(pem: string, path: string): Promise<KeyObject> {
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Said below.
  }
  if (key?.asymmetricKeyType !== "ed25519") {
    throw keyError(
      `${path} holds no Ed25519 key. Put it back from a backup, or remove it: the server makes a new one.`,
    );
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) throw keyError(`Others can read the audit key: run "chmod 600 ${path}".`);
  return key;
}

function keyError(message: string): ConfigError {
  return new ConfigError("AUDIT_KEY", message, { safeMessage: "The server's audit key cannot be used." });
}

function createKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

async function publish(path: string, publicKey: string): Promise<void> {
  const known = (await readIfPresent(path)) ?? "";
  if (!known.includes(publicKey)) await appendDurably(path, publicKey);
}

async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "a", 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
