import { type KeyObject, createHash, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const POINT_BYTES = 65;

const generate = promisify(generateKeyPair);

/** Makes a fresh ECDSA key on P-256. */
export async function generateP256(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return await generate("ec", { namedCurve: "prime256v1" });
}

export function encodePublicKey(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

export function encodePrivateKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The uncompressed point: what SubjectPublicKeyInfo ends with. */
export function publicPoint(key: KeyObject): Buffer {
  return encodePublicKey(key).subarray(-POINT_BYTES);
}

/** RFC 7093 §2 method 1: the leftmost 160 bits of the point's SHA-256. */
export function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha256").update(publicPoint(key)).digest().subarray(0, 20);
}
