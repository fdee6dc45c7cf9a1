import forge from "node-forge";

/** The pieces of DER that a certificate is made of, over node-forge's builder. */
type Node = forge.asn1.Asn1;

const { Class, Type } = forge.asn1;

export const sequence = (...parts: Node[]): Node => universal(Type.SEQUENCE, true, parts);
export const set = (...parts: Node[]): Node => universal(Type.SET, true, parts);
export const truth = (): Node => universal(Type.BOOLEAN, false, "\xff");
export const utf8 = (text: string): Node => universal(Type.UTF8, false, forge.util.encodeUtf8(text));
export const octets = (bytes: Buffer): Node => universal(Type.OCTETSTRING, false, bytes.toString("latin1"));
export const objectId = (dotted: string): Node =>
  universal(Type.OID, false, forge.asn1.oidToDer(dotted).getBytes());

/** @param bytes big-endian, the first below 0x80: not negative */
export const integer = (bytes: Buffer): Node => universal(Type.INTEGER, false, bytes.toString("latin1"));

/** @param unused how many of the last byte's bits do not count */
export const bits = (bytes: Buffer, unused = 0): Node =>
  universal(Type.BITSTRING, false, String.fromCharCode(unused) + bytes.toString("latin1"));

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(epochMs: number): Node {
  const date = new Date(epochMs);
  return date.getUTCFullYear() < 2050
    ? universal(Type.UTCTIME, false, forge.asn1.dateToUtcTime(date))
    : universal(Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(date));
}

/** `[tag] EXPLICIT`. */
export const explicit = (tag: number, part: Node): Node =>
  forge.asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [part]);

/** `[tag] IMPLICIT` over bytes. */
export const implicit = (tag: number, bytes: Buffer): Node =>
  forge.asn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytes.toString("latin1"));

export const encodeDer = (node: Node): Buffer => Buffer.from(forge.asn1.toDer(node).getBytes(), "latin1");

function universal(type: forge.asn1.Type, constructed: boolean, value: string | Node[]): Node {
  return forge.asn1.create(Class.UNIVERSAL, type, constructed, value);
}

export type { Node as DerNode };
