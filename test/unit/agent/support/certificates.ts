import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

export interface IssuedTestCertificate {
  readonly certificate: forge.pki.Certificate;
  readonly pem: string;
  readonly keyPem: string;
}

export interface LeafOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extKeyUsage?: { serverAuth?: boolean; clientAuth?: boolean };
}

const DAY_MS = 86_400_000;
const makeKey = (): string =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
/** Making keys takes long, and no test minds that leaves share one. */
const LEAF_KEY = makeKey();
let serial = 1;

/** A self-signed CA, valid now; `isCa: false`: one that may not sign. */
export function makeCa(name: string, isCa = true): IssuedTestCertificate {
  return issue(name, null, [
    { name: "basicConstraints", cA: isCa, critical: true },
    ...(isCa ? [{ name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true }] : []),
    { name: "subjectKeyIdentifier" },
  ]);
}

/** A server's certificate for 127.0.0.1 and localhost. */
export function makeLeaf(ca: IssuedTestCertificate, options: LeafOptions = {}): IssuedTestCertificate {
  const { extKeyUsage = { serverAuth: true } } = options;
  return issue(
    "a server",
    ca,
    [
      { name: "basicConstraints", cA: false },
      { name: "extKeyUsage", ...extKeyUsage },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          { type: 2, value: "localhost" },
        ],
      },
    ],
    options,
  );
}

export function fingerprintOfCa(ca: IssuedTestCertificate): string {
  const der = createPublicKey(ca.pem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex");
}

function issue(
  name: string,
  issuer: IssuedTestCertificate | null,
  extensions: object[],
  dates: LeafOptions = {},
): IssuedTestCertificate {
  const keyPem = issuer ? LEAF_KEY : makeKey();
  const key = forge.pki.privateKeyFromPem(keyPem);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  certificate.serialNumber = `0${serial++}`.slice(-2);
  certificate.validity.notBefore = dates.notBefore ?? new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = dates.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
  const subject = [{ name: "commonName", value: name }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer ? issuer.certificate.subject.attributes : subject);
  certificate.setExtensions(extensions);
  certificate.sign(issuer ? forge.pki.privateKeyFromPem(issuer.keyPem) : key, forge.md.sha256.create());
  return { certificate, pem: forge.pki.certificateToPem(certificate), keyPem };
}
