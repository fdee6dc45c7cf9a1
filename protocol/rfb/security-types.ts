/**
 * Security types by their registered numbers (U8).
 * @see RFC 6143 §7.1.2
 */
export const SecurityType = {
  invalid: 0,
  none: 1,
  vncAuth: 2,
  ra2: 5,
  ra2ne: 6,
  ra2r: 13,
  tight: 16,
  ultra: 17,
  tls: 18,
  veNCrypt: 19,
  sasl: 20,
  xvp: 22,
  appleDh: 30,
  msLogonII: 113,
  ra2_256: 129,
  ra2ne_256: 130,
  ra2r_256: 133,
} as const;
export type SecurityType = (typeof SecurityType)[keyof typeof SecurityType];

/** SecurityResult, a U32. @see RFC 6143 §7.1.3 */
export const SecurityResult = { ok: 0, failed: 1, tooManyTries: 2 } as const;

const NAMES = new Map<number, string>(Object.entries(SecurityType).map(([name, type]) => [type, name]));

/** The name for logs; unregistered numbers in decimal. */
export function nameSecurityType(type: number): string {
  return NAMES.get(type) ?? String(type);
}
