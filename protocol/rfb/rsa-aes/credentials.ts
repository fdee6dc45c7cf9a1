import { encodeU8 } from "../../bytes/encoders.ts";
import { bytes, u8, type Grammar } from "../../bytes/grammar.ts";

/** Which credentials the server asks for. */
export const RsaAesSubtype = { userAndPassword: 1, password: 2 } as const;
export type RsaAesSubtype = (typeof RsaAesSubtype)[keyof typeof RsaAesSubtype];

/** Of user name and password each: at most 255 bytes of UTF-8. */
export const MAX_RSA_AES_CREDENTIAL_BYTES = 255;

export interface RsaAesCredentials {
  /** Empty if the server asks only for a password. */
  readonly username: string;
  readonly password: string;
}

/** U8 length and user name, U8 length and password. */
export function* credentials(): Grammar<RsaAesCredentials> {
  const username = (yield* bytes(yield* u8())).toString("utf8");
  const password = (yield* bytes(yield* u8())).toString("utf8");
  return { username, password };
}

export function encodeCredentials(username: string, password: Buffer): Buffer {
  const user = Buffer.from(username, "utf8");
  return Buffer.concat([encodeU8(user.length), user, encodeU8(password.length), password]);
}
