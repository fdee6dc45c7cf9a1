/**
 * VeNCrypt's sub-types, U32. TLS sub-types use anonymous key exchange, X509 sub-types a certificate.
 * @see rfbproto, "VeNCrypt"
 */
export const VeNCryptType = {
  plain: 256,
  tlsNone: 257,
  tlsVnc: 258,
  tlsPlain: 259,
  x509None: 260,
  x509Vnc: 261,
  x509Plain: 262,
  tlsSasl: 263,
  x509Sasl: 264,
} as const;
export type VeNCryptType = (typeof VeNCryptType)[keyof typeof VeNCryptType];

/** The version that this implementation uses: 0.2. */
export const VENCRYPT_VERSION = Buffer.of(0, 2);

const NAMES = new Map<number, string>(Object.entries(VeNCryptType).map(([name, type]) => [type, name]));

/** The name for logs; undefined if it is not one of VeNCrypt's own sub-types. */
export function nameVeNCryptType(type: number): string | undefined {
  return NAMES.get(type);
}
