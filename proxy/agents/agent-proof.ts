import { createPublicKey, verify } from "node:crypto";
import { proofMessage, rotationMessage, type NewKey, type ProofFields } from "../../protocol/index.ts";

/** Whether this Ed25519 key (32 bytes) made this signature over these fields. Takes 0.1 ms. */
export function isProofValid(publicKey: Buffer, signature: Buffer, fields: ProofFields): boolean {
  return isSignedBy(publicKey, signature, proofMessage(fields));
}

/** Whether the proven key and the new one have both signed the change, for this control connection. */
export function isRotationValid(
  agentId: string,
  { publicKey, signature, possession }: NewKey,
  proven: { readonly publicKey: string; readonly exporter: Buffer },
): boolean {
  const newKey = Buffer.from(publicKey, "base64");
  const message = rotationMessage({ agentId, publicKey: newKey, exporter: proven.exporter });
  return (
    isSignedBy(Buffer.from(proven.publicKey, "base64"), Buffer.from(signature, "base64"), message) &&
    isSignedBy(newKey, Buffer.from(possession, "base64"), message)
  );
}

function isSignedBy(publicKey: Buffer, signature: Buffer, message: Buffer): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") };
    return verify(null, message, createPublicKey({ key: jwk, format: "jwk" }), signature);
  } catch {
    return false;
  }
}
