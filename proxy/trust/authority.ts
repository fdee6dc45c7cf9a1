import { type KeyObject, X509Certificate, createHash, createPrivateKey } from "node:crypto";
import { z } from "zod";
import { type Clock, ConfigError } from "../../protocol/index.ts";
import type { ServiceStore } from "../state/stores.ts";
import { signCertificate } from "./certificate.ts";
import { authorityExtensions } from "./extensions.ts";
import { encodePrivateKey, encodePublicKey, generateP256 } from "./p256.ts";

/** The same for every service: a certificate tells nothing about where it was made. */
export const AUTHORITY_NAME = "Postern service CA";

const SERVICE_VALUE = "service-ca";
const DAY_MS = 86_400_000;
const VALID_DAYS = 20 * 365;

const stored = z.strictObject({ key: z.string(), certificate: z.string() });

export interface Authority {
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the public key (SPKI), 64 lower-case hex digits. */
  readonly fingerprint: string;
}

/**
 * The service's CA, made once for all servers that share the database.
 * @throws ConfigError `AUTHORITY_BROKEN`, `AUTHORITY_EXPIRED`
 */
export async function loadAuthority(service: ServiceStore, clock: Clock): Promise<Authority> {
  const text = await service.getOrCreate(SERVICE_VALUE, () => createAuthority(clock));
  const { key, certificate } = parseStored(text);
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
    fingerprint: createHash("sha256").update(encodePublicKey(certificate.publicKey)).digest("hex"),
  };
}

async function createAuthority(clock: Clock): Promise<string> {
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
  return JSON.stringify({ key: encodePrivateKey(privateKey), certificate });
}

function parseStored(text: string): { key: KeyObject; certificate: X509Certificate } {
  let cause: unknown;
  try {
    const value = stored.parse(JSON.parse(text));
    const key = createPrivateKey(value.key);
    const certificate = new X509Certificate(value.certificate);
    if (certificate.checkPrivateKey(key)) return { key, certificate };
  } catch (error) {
    cause = error;
  }
  throw new ConfigError(
    "AUTHORITY_BROKEN",
    "The service CA in the database is damaged. Restore the database from a backup.",
    { safeMessage: "The service's certificate authority is damaged.", cause },
  );
}
