import { encodeLengthPrefixed, encodeU32 } from "../bytes/encoders.ts";
import { text, type Grammar } from "../bytes/grammar.ts";
import { SecurityResult, SecurityType } from "./security-types.ts";
import type { RfbVersion } from "./protocol-version.ts";

/** The longest reason accepted, in bytes. */
export const MAX_REASON_BYTES = 4096;

/** Only None before 3.8 has no SecurityResult. @see RFC 6143 §7.1.3, appendix A */
export function hasSecurityResult(version: RfbVersion, type: number): boolean {
  return version === "3.8" || type !== SecurityType.none;
}

export function encodeSecurityOk(): Buffer {
  return encodeU32(SecurityResult.ok);
}

/** Only 3.8 has a reason string. */
export function encodeSecurityFailure(version: RfbVersion, reason: string): Buffer {
  const failed = encodeU32(SecurityResult.failed);
  return version === "3.8" ? Buffer.concat([failed, encodeLengthPrefixed(reason)]) : failed;
}

/**
 * Reason string: U32 length, text.
 * @throws LimitError `LENGTH_LIMIT`
 */
export function* reasonString(): Grammar<string> {
  return yield* text(MAX_REASON_BYTES, "RFB reason");
}
