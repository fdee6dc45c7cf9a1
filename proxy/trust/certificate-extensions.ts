import { isIP } from "node:net";
import type { KeyObject } from "node:crypto";
import {
  bits,
  encodeDer,
  implicit,
  integer,
  objectId,
  octets,
  sequence,
  truth,
  type DerNode,
} from "./der.ts";
import { keyIdentifier } from "./p256.ts";
import { packAddress } from "./subject-names.ts";

const OID = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
};

const DNS_NAME = 2;
const IP_ADDRESS = 7;

/**
 * A CA that signs leaves and, once, its successor: path length 1, since GnuTLS also counts CAs of the same name. What its
 * successor gets from it is good for leaves alone.
 * @param issuer of the certificate, where it is another CA than the one that it is for
 * @see RFC 5280 §4.2.1
 */
export function authorityExtensions(key: KeyObject, issuer?: KeyObject): DerNode[] {
  const pathLength = encodeDer(sequence(truth(), integer(Buffer.of(issuer ? 0 : 1))));
  return [
    extension(OID.basicConstraints, pathLength, true),
    // keyCertSign and cRLSign: bits 5 and 6.
    extension(OID.keyUsage, encodeDer(bits(Buffer.of(0x06), 1)), true),
    extension(OID.subjectKeyIdentifier, encodeDer(octets(keyIdentifier(key)))),
    ...(issuer ? [issuerExtension(issuer)] : []),
  ];
}

/** A TLS server's certificate for `names` (DNS names and IP addresses). */
export function serverExtensions(key: KeyObject, authority: KeyObject, names: readonly string[]): DerNode[] {
  const alternatives = names.map((name) =>
    isIP(name) === 0
      ? implicit(DNS_NAME, Buffer.from(name, "latin1"))
      : implicit(IP_ADDRESS, packAddress(name)),
  );
  return [
    extension(OID.basicConstraints, encodeDer(sequence()), true),
    // digitalSignature: bit 0.
    extension(OID.keyUsage, encodeDer(bits(Buffer.of(0x80), 7)), true),
    extension(OID.extendedKeyUsage, encodeDer(sequence(objectId(OID.serverAuth)))),
    extension(OID.subjectKeyIdentifier, encodeDer(octets(keyIdentifier(key)))),
    issuerExtension(authority),
    extension(OID.subjectAltName, encodeDer(sequence(...alternatives))),
  ];
}

function issuerExtension(issuer: KeyObject): DerNode {
  return extension(OID.authorityKeyIdentifier, encodeDer(sequence(implicit(0, keyIdentifier(issuer)))));
}

function extension(id: string, value: Buffer, critical = false): DerNode {
  return sequence(objectId(id), ...(critical ? [truth()] : []), octets(value));
}
