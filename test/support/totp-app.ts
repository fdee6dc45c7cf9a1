import { URI, TOTP } from "otpauth";

/** The code that an authenticator app shows, as it reads the QR code. */
export function readTotpCode(uri: string, now: number): string {
  const totp = URI.parse(uri);
  if (!(totp instanceof TOTP)) throw new Error(`no TOTP: ${uri}`);
  return totp.generate({ timestamp: now });
}
