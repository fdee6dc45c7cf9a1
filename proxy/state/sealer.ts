import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = "1.";

/** Encrypts what the database keeps of secrets: AES-256-GCM, bound to the row it belongs to. */
export class Sealer {
  readonly #key: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** `1.` and the base64 of nonce (12), ciphertext, tag (16). */
  seal(table: string, id: string, text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(describeRow(table, id));
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return FORMAT + Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64");
  }

  /** Null: another key, another row, or an altered value. */
  unseal(table: string, id: string, sealed: string): string | null {
    const bytes = Buffer.from(sealed.slice(FORMAT.length), "base64");
    if (!sealed.startsWith(FORMAT) || bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(describeRow(table, id));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([body, decipher.final()]).toString("utf8");
    } catch {
      return null;
    }
  }
}

/** A NUL between the two: no table and id read like another pair. */
function describeRow(table: string, id: string): Buffer {
  return Buffer.from(`postern\0${table}\0${id}`, "utf8");
}
