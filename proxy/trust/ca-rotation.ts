import { type Clock, RequestError } from "../../protocol/index.ts";
import type { ServiceStore } from "../state/stores.ts";
import {
  AUTHORITY_NAME,
  createAuthority,
  parseStoredAuthority,
  readOrCreateAuthority,
  AUTHORITY_SERVICE_VALUE,
  type StoredAuthority,
} from "./certificate-authority.ts";
import { signCertificate } from "./sign-certificate.ts";
import { authorityExtensions } from "./certificate-extensions.ts";

/**
 * Puts a new CA in the place of the service's. The old one certifies the new key, once, and its own key is then gone:
 * until it is retired, clients that trust the old one can verify the new one.
 * @throws RequestError `CA_ROTATING`
 */
export async function rotateAuthority(service: ServiceStore, clock: Clock): Promise<void> {
  const before = await readOrCreateAuthority(service, clock);
  const old = parseStoredAuthority(before);
  if (old.previous)
    throw requestError("CA_ROTATING", "The CA before this one has not been retired yet. Retire it first.");
  const next = await createAuthority(clock);
  const { certificate } = parseStoredAuthority(JSON.stringify(next));
  const cross = signCertificate({
    subject: AUTHORITY_NAME,
    publicKey: certificate.publicKey,
    issuer: AUTHORITY_NAME,
    issuerKey: old.key,
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Math.min(Date.parse(certificate.validTo), Date.parse(old.certificate.validTo)),
    extensions: authorityExtensions(certificate.publicKey, old.certificate.publicKey),
  });
  const previous = { certificate: old.certificate.toString(), cross, rotatedAt: clock.now() };
  await replace(service, before, { ...next, previous });
}

/**
 * From now on only the new CA is shown.
 * @throws RequestError `CA_NOT_ROTATING`, `CA_ROTATING` when it was changed at the same time
 */
export async function retireAuthority(service: ServiceStore, clock: Clock): Promise<void> {
  const before = await readOrCreateAuthority(service, clock);
  const { previous, ...rest } = JSON.parse(before) as StoredAuthority;
  if (!previous) throw requestError("CA_NOT_ROTATING", "There is no CA to retire. Rotate first.");
  await replace(service, before, rest);
}

async function replace(service: ServiceStore, before: string, next: StoredAuthority): Promise<void> {
  if (await service.replace(AUTHORITY_SERVICE_VALUE, before, JSON.stringify(next))) return;
  throw requestError(
    "CA_ROTATING",
    "Somebody else is changing the CA at this moment. Look at its status first.",
  );
}

function requestError(code: string, message: string): RequestError {
  return RequestError.public(code, message);
}
