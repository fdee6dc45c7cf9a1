import { createHash } from "node:crypto";
import { encodeLengthPrefixed, encodeU8 } from "../bytes/encoders.ts";

/** Label and context of the TLS exporter (RFC 8446 §7.5) that binds a proof to its connection. 32 bytes. */
export const EXPORTER_LABEL = "EXPORTER-postern-mip2";
export const EXPORTER_CONTEXT = Buffer.from("control", "ascii");
export const EXPORTER_BYTES = 32;

/** What a proven connection is for: a proof for one purpose is invalid for the other. */
export type ProofPurpose = "control" | "spare";

export interface ProofFields {
  /** Default: `control`. */
  readonly purpose?: ProofPurpose;
  readonly version: number;
  readonly proxyId: string;
  readonly agentId: string;
  readonly agentNonce: Buffer;
  readonly serverNonce: Buffer;
  readonly exporter: Buffer;
}

/** The bytes that an agent signs with its Ed25519 key. */
export function proofMessage(fields: ProofFields): Buffer {
  return Buffer.concat([
    encodeLengthPrefixed(`postern mip2 ${fields.purpose ?? "control"}`),
    encodeU8(fields.version),
    encodeLengthPrefixed(fields.proxyId),
    encodeLengthPrefixed(fields.agentId),
    fields.agentNonce,
    fields.serverNonce,
    fields.exporter,
  ]);
}

/** The bytes that both keys sign when an agent's key is replaced. */
export function rotationMessage(fields: {
  readonly agentId: string;
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** TLS exporter of the control connection that the new key is announced on. */
  readonly exporter: Buffer;
}): Buffer {
  return Buffer.concat([
    encodeLengthPrefixed("postern mip2 rotate"),
    encodeLengthPrefixed(fields.agentId),
    fields.publicKey,
    fields.exporter,
  ]);
}

/**
 * The id of an agent at its enrolment: the first 32 hex digits of the SHA-256 of its 32-byte Ed25519 public
 * key. The id is kept when the key is replaced.
 */
export function agentIdOf(publicKey: Buffer): string {
  return createHash("sha256").update(publicKey).digest("hex").slice(0, 32);
}
