import { randomBytes } from "node:crypto";
import { AuthError } from "../../errors.ts";

/**
 * Text in a field of fixed length: its bytes (UTF-8), a NUL, then random bytes, so that equal texts do not give equal
 * fields.
 * @param length of the field in bytes, the NUL included
 * @throws AuthError `SERVER_PASSWORD_WRONG` when the text does not fit: a truncated one would be a different
 *   text
 */
export function encodeCredentialField(text: Buffer | string, length: number, what: string): Buffer {
  const value = Buffer.concat([typeof text === "string" ? Buffer.from(text, "utf8") : text, Buffer.of(0)]);
  if (value.length > length)
    throw new AuthError(
      "SERVER_PASSWORD_WRONG",
      `the VNC server takes a ${what} of at most ${length - 1} bytes, and the one given is longer`,
    );
  return Buffer.concat([value, randomBytes(length - value.length)]);
}
