import { Secret, TOTP } from "otpauth";

/** What every app knows; other values are ignored by some of them. */
const CODE = { algorithm: "SHA1", digits: 6, period: 30 } as const;
const SECRET_BYTES = 20;
/** Steps before and after the present one, for clocks that differ. */
const WINDOW_STEPS = 1;
const CODE_FORM = /^\d{6}$/;

/** A new secret for an authenticator app, in base32. */
export function makeTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** `otpauth://totp/…`, as apps read it from a QR code. */
export function describeTotpSecret(secret: string, of: { issuer: string; account: string }): string {
  const { issuer, account } = of;
  return new TOTP({ ...CODE, issuer, label: account, secret: Secret.fromBase32(secret) }).toString();
}

/** The time step that a code is of; null: it is wrong, or of another time. Blanks in it do not matter. */
export function findTotpStep(secret: string, code: string, now: number): number | null {
  const token = code.replaceAll(/\s/g, "");
  if (!CODE_FORM.test(token)) return null;
  const key = Secret.fromBase32(secret);
  const delta = TOTP.validate({ ...CODE, token, secret: key, timestamp: now, window: WINDOW_STEPS });
  return delta === null ? null : TOTP.counter({ period: CODE.period, timestamp: now }) + delta;
}
