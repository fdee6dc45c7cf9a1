import { type KeyObject, X509Certificate, createHash, createPrivateKey } from "node:crypto";
import { z } from "zod";
import { type Clock, ConfigError } from "../../protocol/index.ts";
import type { ServiceStore } from "../state/stores.ts";
import { signCertificate } from "./sign-certificate.ts";
import { authorityExtensions } from "./certificate-extensions.ts";
import { encodePrivateKey, encodePublicKey, generateP256 } from "./p256.ts";

/** The same for every service: a certificate reveals nothing about where it was made. */
export const AUTHORITY_NAME = "Postern service CA";
/** Under which name the service's values hold it. */
export const AUTHORITY_SERVICE_VALUE = "service-ca";

const DAY_MS = 86_400_000;
const VALID_DAYS = 20 * 365;

const previousCaSchema = z.strictObject({
  /** The CA before this one, PEM. Its key is gone. */
  certificate: z.string(),
  /** This CA's key, certified by the CA before: PEM. */
  cross: z.string(),
  /** Epoch milliseconds. */
  rotatedAt: z.number(),
});
const storedAuthoritySchema = z.strictObject({
  key: z.string(),
  certificate: z.string(),
  previous: previousCaSchema.optional(),
});
/** PEM throughout. */
export type StoredAuthority = z.infer<typeof storedAuthoritySchema>;

/** A CA that is being retired. */
export interface PreviousCa {
  /** SHA-256 of its public key (SPKI), 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** Epoch milliseconds. */
  readonly rotatedAt: number;
}

export interface CertificateAuthority {
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the public key (SPKI), 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** What follows a leaf, PEM each: itself, or what leads from itself to the CA before it. */
  readonly path: readonly string[];
  /** Null: no rotation is under way. */
  readonly previous: PreviousCa | null;
}

/** The service's CA as it is stored, made once for all servers that share the database. */
export function readOrCreateAuthority(service: ServiceStore, clock: Clock): Promise<string> {
  return service.getOrCreate(AUTHORITY_SERVICE_VALUE, async () =>
    JSON.stringify(await createAuthority(clock)),
  );
}

/** @throws ConfigError `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED` */
export function openAuthority(text: string, clock: Clock): CertificateAuthority {
  const { key, certificate, previous } = parseStoredAuthority(text);
  if (Date.parse(certificate.validTo) <= clock.now()) {
    throw new ConfigError(
      "AUTHORITY_EXPIRED",
      "The service CA has expired. A new database makes a new one.",
      {
        safeMessage: "The service's certificate authority has expired.",
      },
    );
  }
  return {
    key,
    publicKey: certificate.publicKey,
    certificate: certificate.toString(),
    fingerprint: computeFingerprint(certificate),
    path: previous ? [previous.cross, previous.certificate] : [certificate.toString()],
    previous: previous
      ? {
          fingerprint: computeFingerprint(new X509Certificate(previous.certificate)),
          rotatedAt: previous.rotatedAt,
        }
      : null,
  };
}

export async function createAuthority(clock: Clock): Promise<StoredAuthority> {
  const { publicKey, privateKey } = await generateP256();
  const certificate = signCertificate({
    subject: AUTHORITY_NAME,
    publicKey,
    issuer: AUTHORITY_NAME,
    issuerKey: privateKey,
    notBefore: clock.now() - DAY_MS,
    notAfter: clock.now() + VALID_DAYS * DAY_MS,
    extensions: authorityExtensions(publicKey),
  });
  return { key: encodePrivateKey(privateKey), certificate };
}

export interface ParsedAuthority {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly previous: StoredAuthority["previous"];
}

/** @throws ConfigError `AUTHORITY_BROKEN` */
export function parseStoredAuthority(text: string): ParsedAuthority {
  let cause: unknown;
  try {
    const value = storedAuthoritySchema.parse(JSON.parse(text));
    const key = createPrivateKey(value.key);
    const certificate = new X509Certificate(value.certificate);
    const cross = new X509Certificate(value.previous?.cross ?? value.certificate);
    const issuer = new X509Certificate(value.previous?.certificate ?? value.certificate);
    const isWhole = cross.checkPrivateKey(key) && cross.verify(issuer.publicKey);
    if (certificate.checkPrivateKey(key) && isWhole) return { key, certificate, previous: value.previous };
  } catch (error) {
    cause = error;
  }
  throw new ConfigError(
    "AUTHORITY_BROKEN",
    "The service CA in the database is damaged. Restore the database from a backup.",
    { safeMessage: "The service's certificate authority is damaged.", cause },
  );
}

function computeFingerprint({ publicKey }: X509Certificate): string {
  return createHash("sha256").update(encodePublicKey(publicKey)).digest("hex");
}
