import type { Duplex } from "node:stream";
import {
  bytes,
  parseAll,
  ProtocolError,
  u16,
  u8,
  isPosternError,
  type Clock,
  type Grammar,
} from "../../protocol/index.ts";
import { awaitFirstBytes } from "./protocol-detector.ts";

const RECORD_HEADER = 5;
const HANDSHAKE_RECORD = 0x16;
const CLIENT_HELLO = 1;
const ALPN_EXTENSION = 16;
/** A ClientHello with two post-quantum key shares is under 4 KiB. */
const MAX_HELLO = 16_384;

/**
 * Waits for a whole ClientHello, or for what is none, and calls `decide` once with the protocols that it offers; null: the
 * connection ended before. The bytes stay in the stream. TLS does its costly work when the last byte is there: until then
 * the connection has not taken its turn in the accept queue.
 */
export function awaitClientHello(
  stream: Duplex,
  clock: Clock,
  decide: (offered: readonly string[] | null) => void,
): void {
  let offered: readonly string[] | null = null;
  const isEnough = (hello: Buffer): boolean => (offered = readOfferedProtocols(hello)) !== null;
  awaitFirstBytes(stream, { clock, isEnough }, (first) => {
    decide(first === "end" ? null : offered);
  });
}

/**
 * The protocols that a ClientHello offers by ALPN, in its order; empty where it offers none, or where this
 * is no ClientHello (TLS will say so); null: more bytes are needed to tell.
 * @param first what the connection began with
 * @see RFC 8446 §4.1.2, RFC 7301 §3.1
 */
export function readOfferedProtocols(first: Buffer): readonly string[] | null {
  if (first.length > MAX_HELLO) return [];
  const payload = joinRecords(first);
  if (payload === null) return [];
  try {
    const parsed = parseAll(clientHello(), payload);
    return "missing" in parsed ? null : parsed.value;
  } catch (error) {
    if (isPosternError(error)) return [];
    throw error;
  }
}

/** The handshake bytes of all records that are there, the last one perhaps cut; null: these are other records. */
function joinRecords(input: Buffer): Buffer | null {
  const fragments: Buffer[] = [];
  let offset = 0;
  if (input.length > 0 && input[0] !== HANDSHAKE_RECORD) return null;
  while (offset + RECORD_HEADER <= input.length) {
    if (input[offset] !== HANDSHAKE_RECORD) return null;
    const start = offset + RECORD_HEADER;
    offset = start + input.readUInt16BE(offset + 3);
    fragments.push(input.subarray(start, Math.min(offset, input.length)));
  }
  return Buffer.concat(fragments);
}

function* clientHello(): Grammar<string[]> {
  if ((yield* u8()) !== CLIENT_HELLO) throw new ProtocolError("TLS_HELLO", "not a ClientHello");
  const length = (yield 3).readUIntBE(0, 3);
  if (length > MAX_HELLO) throw new ProtocolError("TLS_HELLO", "a ClientHello that is too long");
  const parsed = parseAll(helloBody(), yield* bytes(length));
  // All of it is there: what is missing now will never come.
  return "missing" in parsed ? [] : parsed.value;
}

function* helloBody(): Grammar<string[]> {
  yield* bytes(2 + 32);
  yield* bytes(yield* u8());
  yield* bytes(yield* u16());
  yield* bytes(yield* u8());
  let left = yield* u16();
  while (left >= 4) {
    const type = yield* u16();
    const length = yield* u16();
    const body = yield* bytes(length);
    if (type === ALPN_EXTENSION) return listNames(body);
    left -= 4 + length;
  }
  return [];
}

function listNames(extension: Buffer): string[] {
  const names: string[] = [];
  let offset = 2;
  while (offset < extension.length) {
    const end = offset + 1 + (extension[offset] ?? 0);
    names.push(extension.toString("latin1", offset + 1, end));
    offset = end;
  }
  return names;
}
