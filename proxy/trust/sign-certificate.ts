import { type KeyObject, randomBytes, sign } from "node:crypto";
import {
  bits,
  encodeDer,
  explicit,
  integer,
  objectId,
  sequence,
  set,
  time,
  utf8,
  type DerNode,
} from "./der.ts";
import { publicPoint } from "./p256.ts";

const OID = {
  commonName: "2.5.4.3",
  ecPublicKey: "1.2.840.10045.2.1",
  prime256v1: "1.2.840.10045.3.1.7",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
};

export interface CertificateContent {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly DerNode[];
}

/** Builds and signs an X.509 version 3 certificate over P-256 keys, PEM. @see RFC 5280 §4.1, RFC 5758 §3.2 */
export function signCertificate(content: CertificateContent): string {
  const algorithm = sequence(objectId(OID.ecdsaWithSha256));
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(makeSerial()),
    algorithm,
    encodeName(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    encodeName(content.subject),
    sequence(
      sequence(objectId(OID.ecPublicKey), objectId(OID.prime256v1)),
      bits(publicPoint(content.publicKey)),
    ),
    explicit(3, sequence(...content.extensions)),
  );
  const signature = sign("sha256", encodeDer(body), content.issuerKey);
  return encodePem(encodeDer(sequence(body, algorithm, bits(signature))));
}

function encodeName(commonName: string): DerNode {
  return sequence(set(sequence(objectId(OID.commonName), utf8(commonName))));
}

/** 16 random bytes, positive and of full length. */
function makeSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function encodePem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
