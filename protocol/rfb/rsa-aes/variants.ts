import { SecurityType } from "../security-types.ts";

export type RsaAesType =
  | typeof SecurityType.ra2
  | typeof SecurityType.ra2ne
  | typeof SecurityType.ra2_256
  | typeof SecurityType.ra2ne_256;

export interface RsaAesVariant {
  readonly digest: "sha1" | "sha256";
  /** Length of each direction's AES key, and of the random number that each side contributes. */
  readonly keyBytes: 16 | 32;
  /** False ("ne"): everything from SecurityResult on is in clear. */
  readonly encryptsSession: boolean;
}

/** Best first: types that encrypt the session, then types that encrypt only the login. */
export const RSA_AES_TYPES: readonly RsaAesType[] = [
  SecurityType.ra2_256,
  SecurityType.ra2,
  SecurityType.ra2ne_256,
  SecurityType.ra2ne,
];

export function isRsaAes(type: number): type is RsaAesType {
  return RSA_AES_TYPES.some((known) => known === type);
}

export function describeRsaAes(type: RsaAesType): RsaAesVariant {
  const encryptsSession = type === SecurityType.ra2 || type === SecurityType.ra2_256;
  return type === SecurityType.ra2_256 || type === SecurityType.ra2ne_256
    ? { digest: "sha256", keyBytes: 32, encryptsSession }
    : { digest: "sha1", keyBytes: 16, encryptsSession };
}
