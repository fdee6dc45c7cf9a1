import { bytes, u8, type Grammar } from "../../../../../protocol/index.ts";

/**
 * What a directory answers (RFC 4511), read strictly: every length must fit exactly into what is around it. ldapts writes our
 * requests and reads no answer: its reader runs without end on a length that does not fit, and it keeps what came before TLS.
 */

/** The largest answer that is waited for. An entry with 2,000 groups has some 300 KB. */
const MAX_LDAP_MESSAGE = 1_048_576;
/** Parts of one answer in one another: attributes, or values of one attribute. */
const MAX_LDAP_PARTS = 4096;

const TAG = { integer: 0x02, octets: 0x04, enumerated: 0x0a, sequence: 0x30, set: 0x31 } as const;
const OPERATION = { bind: 0x61, entry: 0x64, done: 0x65, reference: 0x73, extended: 0x78 } as const;

/** The bytes are no answer of LDAP. */
export class MalformedLdap extends Error {}
/** The answer is longer than is taken. */
export class OversizedLdap extends Error {}

export interface LdapResult {
  /** RFC 4511's resultCode; 0: success. */
  readonly code: number;
  /** What the directory says about it: a stranger's text, which may even have the password in it. Never to be shown or logged. */
  readonly diagnostic: string;
}

export interface LdapEntry {
  readonly dn: string;
  /** By their names in lower case, as the directory has them: binary. */
  readonly attributes: ReadonlyMap<string, readonly Buffer[]>;
}

export type LdapAnswer =
  | { readonly kind: "bind" | "done" | "extended"; readonly result: LdapResult }
  | { readonly kind: "entry"; readonly entry: LdapEntry }
  /** Another server is said to know more. It is not asked. */
  | { readonly kind: "reference" };

export interface LdapMessage {
  /** 0: nobody asked; the directory is about to close. */
  readonly id: number;
  readonly answer: LdapAnswer;
}

interface BerElement {
  readonly tag: number;
  readonly content: Buffer;
}

/**
 * One LDAPMessage. Controls after it are not looked at: none was asked for.
 * @throws MalformedLdap, OversizedLdap
 */
export function* ldapMessage(): Grammar<LdapMessage> {
  if ((yield* u8()) !== TAG.sequence) throw new MalformedLdap("no SEQUENCE");
  const length = yield* berLength();
  if (length > MAX_LDAP_MESSAGE) throw new OversizedLdap(`${length} bytes`);
  const [id, operation] = splitElements(yield* bytes(length));
  return { id: readInteger(id, TAG.integer), answer: readOperation(operation) };
}

/** X.690: one byte, or 0x80 and the number of bytes that follow; without an indefinite form in LDAP. */
function* berLength(): Grammar<number> {
  const first = yield* u8();
  if (first < 0x80) return first;
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw new MalformedLdap("length");
  return (yield* bytes(size)).readUIntBE(0, size);
}

function splitElements(content: Buffer): BerElement[] {
  const elements: BerElement[] = [];
  for (let offset = 0; offset < content.length;) {
    if (elements.length >= MAX_LDAP_PARTS) throw new OversizedLdap("parts");
    const { element, end } = readElement(content, offset);
    elements.push(element);
    offset = end;
  }
  return elements;
}

function readElement(content: Buffer, offset: number): { element: BerElement; end: number } {
  const tag = content[offset] ?? 0;
  const first = content[offset + 1];
  // Tags of more than one byte are not LDAP's.
  if (first === undefined || (tag & 0x1f) === 0x1f) throw new MalformedLdap("element");
  const size = first < 0x80 ? 0 : first & 0x7f;
  const start = offset + 2 + size;
  if (first === 0x80 || size > 4 || start > content.length) throw new MalformedLdap("length");
  const length = size === 0 ? first : content.readUIntBE(offset + 2, size);
  const end = start + length;
  if (end > content.length) throw new MalformedLdap("length");
  return { element: { tag, content: content.subarray(start, end) }, end };
}

function readOperation(operation: BerElement | undefined): LdapAnswer {
  switch (operation?.tag) {
    case OPERATION.bind:
      return { kind: "bind", result: readResult(operation.content) };
    case OPERATION.done:
      return { kind: "done", result: readResult(operation.content) };
    case OPERATION.extended:
      return { kind: "extended", result: readResult(operation.content) };
    case OPERATION.entry:
      return { kind: "entry", entry: readEntry(operation.content) };
    case OPERATION.reference:
      return { kind: "reference" };
    default:
      throw new MalformedLdap("operation");
  }
}

function readResult(content: Buffer): LdapResult {
  const [code, matched, diagnostic] = splitElements(content);
  readOctets(matched);
  return { code: readInteger(code, TAG.enumerated), diagnostic: readOctets(diagnostic).toString("utf8") };
}

function readEntry(content: Buffer): LdapEntry {
  const [dn, attributes, ...further] = splitElements(content);
  if (further.length > 0) throw new MalformedLdap("entry");
  const found = new Map<string, readonly Buffer[]>();
  for (const one of splitElements(contentOf(attributes, TAG.sequence))) {
    const [type, values] = splitElements(contentOf(one, TAG.sequence));
    const name = readOctets(type).toString("latin1").toLowerCase();
    // A copy: a view would keep the whole answer in memory.
    const copies = splitElements(contentOf(values, TAG.set)).map((value) => Buffer.from(readOctets(value)));
    if (found.has(name)) throw new MalformedLdap("attribute twice");
    found.set(name, copies);
  }
  return { dn: readUtf8(readOctets(dn)) ?? "", attributes: found };
}

function readInteger(element: BerElement | undefined, tag: number): number {
  const content = contentOf(element, tag);
  if (content.length === 0 || content.length > 4) throw new MalformedLdap("integer");
  return content.readIntBE(0, content.length);
}

function readOctets(element: BerElement | undefined): Buffer {
  return contentOf(element, TAG.octets);
}

function contentOf(element: BerElement | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new MalformedLdap(`tag ${element?.tag ?? "missing"}`);
  return element.content;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null: no UTF-8. */
export function readUtf8(value: Buffer): string | null {
  try {
    return UTF8.decode(value);
  } catch {
    return null;
  }
}
