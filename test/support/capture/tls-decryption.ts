import { createDecipheriv, createHmac } from "node:crypto";

/** The two directions of a connection, or of what it carried. */
export interface BothDirections {
  readonly sent: Buffer;
  readonly received: Buffer;
}

/** What was inside a connection by TLS 1.2 or 1.3, and what was said before it began, as VeNCrypt does. */
export interface DecryptedTls {
  readonly before: BothDirections;
  /** Handshake messages in clear, certificates with their subjects among them. */
  readonly handshake: BothDirections;
  readonly data: BothDirections;
}

/** Secrets by label and client random, as `--tls-keylog` and SSLKEYLOGFILE write them. */
export type KeyLog = ReadonlyMap<string, Buffer>;

interface Suite {
  readonly cipher: "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";
  readonly keyBytes: number;
  readonly hash: string;
  readonly hashBytes: number;
}

const AES_128: Suite = { cipher: "aes-128-gcm", keyBytes: 16, hash: "sha256", hashBytes: 32 };
const AES_256: Suite = { cipher: "aes-256-gcm", keyBytes: 32, hash: "sha384", hashBytes: 48 };
const CHACHA: Suite = { cipher: "chacha20-poly1305", keyBytes: 32, hash: "sha256", hashBytes: 32 };
const SUITES: ReadonlyMap<number, Suite> = new Map([
  [0x1301, AES_128],
  [0x1302, AES_256],
  [0x1303, CHACHA],
]);
/** ECDHE with ECDSA, and with RSA. */
const TLS12_SUITES: ReadonlyMap<number, Suite> = new Map([
  [0xc02b, AES_128],
  [0xc02c, AES_256],
  [0xcca9, CHACHA],
  [0xc02f, AES_128],
  [0xc030, AES_256],
  [0xcca8, CHACHA],
]);

const RANDOM_LABEL = "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
/** TLS 1.2: its secret is the master secret. */
const TLS12_LABEL = "CLIENT_RANDOM";
const [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA] = [0x14, 0x15, 0x16, 0x17];
const [FINISHED, KEY_UPDATE] = [20, 24];
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** The part of TLS 1.2's nonces that goes with each record of AES-GCM. */
const EXPLICIT_NONCE_BYTES = 8;
/** From a hello's record to its random. */
const TO_RANDOM = 11;
const RANDOM_BYTES = 32;

type Opened = Pick<DecryptedTls, "handshake" | "data">;
interface OpenedDirection {
  readonly handshake: Buffer;
  readonly data: Buffer;
}

export function parseKeyLog(text: string): KeyLog {
  const lines = text.matchAll(/^([A-Z_0-9]+) ([0-9a-f]{64}) ([0-9a-f]+)$/gm);
  return new Map(
    [...lines].map(([, label, random, secret]) => [`${label!} ${random!}`, Buffer.from(secret!, "hex")]),
  );
}

/** Undefined where no ClientHello of the log is. @throws Error when there is TLS that cannot be opened to its end */
export function decryptTls({ sent, received }: BothDirections, keys: KeyLog): DecryptedTls | undefined {
  for (const [name, secret] of keys) {
    const [label, random] = name.split(" ") as [string, string];
    if (label !== RANDOM_LABEL && label !== TLS12_LABEL) continue;
    const at = sent.indexOf(Buffer.from(random, "hex")) - TO_RANDOM;
    if (at < 0 || sent[at] !== HANDSHAKE) continue;
    const answer = /\x16\x03\x03[^]{2}\x02\x00/.exec(received.toString("latin1"))?.index;
    if (answer === undefined) throw new Error("a ClientHello without a ServerHello");
    const inside = { sent: sent.subarray(at), received: received.subarray(answer) };
    return {
      before: { sent: sent.subarray(0, at), received: received.subarray(0, answer) },
      ...(label === TLS12_LABEL ? openTls12(inside, secret) : openTls13(inside, keys, random)),
    };
  }
  return undefined;
}

function openTls13({ sent, received }: BothDirections, keys: KeyLog, random: string): Opened {
  const suite = readSuite(received, SUITES);
  const open = (bytes: Buffer, side: "CLIENT" | "SERVER") => {
    const secret = (step: string) => keys.get(`${side}_${step} ${random}`);
    return decryptRecords(bytes, suite, secret("HANDSHAKE_TRAFFIC_SECRET"), secret("TRAFFIC_SECRET_0"));
  };
  return pair(open(sent, "CLIENT"), open(received, "SERVER"));
}

/** @see RFC 5246 §6.3 */
function openTls12({ sent, received }: BothDirections, master: Buffer): Opened {
  const suite = readSuite(received, TLS12_SUITES);
  const randomOf = (hello: Buffer) => hello.subarray(TO_RANDOM, TO_RANDOM + RANDOM_BYTES);
  const seed = Buffer.concat([Buffer.from("key expansion"), randomOf(received), randomOf(sent)]);
  const ivBytes = NONCE_BYTES - countExplicitBytes(suite);
  const block = expandTls12(master, suite, seed, 2 * (suite.keyBytes + ivBytes));
  const open = (bytes: Buffer, index: 0 | 1) => {
    const [keyAt, ivAt] = [index * suite.keyBytes, 2 * suite.keyBytes + index * ivBytes];
    const key = block.subarray(keyAt, keyAt + suite.keyBytes);
    return decryptTls12Records(bytes, suite, key, block.subarray(ivAt, ivAt + ivBytes));
  };
  return pair(open(sent, 0), open(received, 1));
}

function pair(up: OpenedDirection, down: OpenedDirection): Opened {
  return {
    handshake: { sent: up.handshake, received: down.handshake },
    data: { sent: up.data, received: down.data },
  };
}

function readSuite(serverHello: Buffer, suites: ReadonlyMap<number, Suite>): Suite {
  const sessionId = serverHello.readUInt8(TO_RANDOM + RANDOM_BYTES);
  const number = serverHello.readUInt16BE(TO_RANDOM + RANDOM_BYTES + 1 + sessionId);
  const suite = suites.get(number);
  if (!suite) throw new Error(`cipher suite ${number.toString(16)} is none that can be opened`);
  return suite;
}

/** A last record that is not whole is left out: whoever was killed did not finish it. */
function* listRecords(bytes: Buffer): Generator<{ readonly head: Buffer; readonly body: Buffer }> {
  for (let at = 0; at + 5 <= bytes.length;) {
    const [head, end] = [bytes.subarray(at, at + 5), at + 5 + bytes.readUInt16BE(at + 3)];
    if (end > bytes.length) return;
    yield { head, body: bytes.subarray(at + 5, end) };
    at = end;
  }
}

/** The records of one direction: what follows ChangeCipherSpec is encrypted. */
function decryptTls12Records(bytes: Buffer, suite: Suite, key: Buffer, iv: Buffer): OpenedDirection {
  const [handshake, data]: [Buffer[], Buffer[]] = [[], []];
  let seq: number | undefined;
  for (const { head, body } of listRecords(bytes)) {
    if (head[0] === CHANGE_CIPHER_SPEC) {
      seq = 0;
      continue;
    }
    const content = seq === undefined ? body : decryptTls12Record(head, body, suite, key, iv, seq++);
    if (head[0] === HANDSHAKE) handshake.push(content);
    else if (head[0] === DATA) data.push(content);
  }
  return { handshake: Buffer.concat(handshake), data: Buffer.concat(data) };
}

/** @see RFC 5288 §3, RFC 7905 §2 */
function decryptTls12Record(head: Buffer, body: Buffer, suite: Suite, key: Buffer, iv: Buffer, seq: number) {
  const explicit = countExplicitBytes(suite);
  const sealed = body.subarray(explicit);
  const nonce = explicit > 0 ? Buffer.concat([iv, body.subarray(0, explicit)]) : makeNonce(iv, seq);
  const bound = Buffer.alloc(13);
  bound.writeBigUInt64BE(BigInt(seq));
  head.copy(bound, 8, 0, 3);
  bound.writeUInt16BE(sealed.length - TAG_BYTES, 11);
  return openSealed(suite, key, nonce, bound, sealed);
}

function countExplicitBytes({ cipher }: Suite): number {
  return cipher === "chacha20-poly1305" ? 0 : EXPLICIT_NONCE_BYTES;
}

function expandTls12(master: Buffer, { hash }: Suite, seed: Buffer, length: number): Buffer {
  const hmac = (text: Buffer) => createHmac(hash, master).update(text).digest();
  let out = Buffer.alloc(0);
  for (let step = hmac(seed); out.length < length; step = hmac(step))
    out = Buffer.concat([out, hmac(Buffer.concat([step, seed]))]);
  return out;
}

function makeNonce(iv: Buffer, seq: number): Buffer {
  const nonce = Buffer.from(iv);
  for (let index = 0; index < 6; index += 1)
    nonce[NONCE_BYTES - 1 - index]! ^= Math.floor(seq / 256 ** index) % 256;
  return nonce;
}

function openSealed({ cipher }: Suite, key: Buffer, nonce: Buffer, bound: Buffer, sealed: Buffer): Buffer {
  const opening = createDecipheriv(cipher as "aes-128-gcm", key, nonce, { authTagLength: TAG_BYTES });
  opening.setAAD(bound).setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([opening.update(sealed.subarray(0, -TAG_BYTES)), opening.final()]);
}

/** The records of one direction by TLS 1.3. */
function decryptRecords(
  bytes: Buffer,
  suite: Suite,
  handshakeSecret: Buffer | undefined,
  dataSecret: Buffer | undefined,
): OpenedDirection {
  const [handshake, data]: [Buffer[], Buffer[]] = [[], []];
  let secret = handshakeSecret;
  let seq = 0;
  for (const { head, body } of listRecords(bytes)) {
    if (head[0] === HANDSHAKE) handshake.push(body);
    if (head[0] !== DATA) continue;
    if (!secret) throw new Error("the key log lacks a secret");
    const { type, content } = decryptRecord(head, body, suite, secret, seq++);
    if (type === DATA) data.push(content);
    else if (type === HANDSHAKE) {
      handshake.push(content);
      const kinds = listMessages(content);
      if (kinds.includes(FINISHED)) secret = dataSecret;
      else if (kinds.includes(KEY_UPDATE)) secret = expand(secret, suite, "traffic upd", suite.hashBytes);
      if (kinds.includes(FINISHED) || kinds.includes(KEY_UPDATE)) seq = 0;
    } else if (type !== ALERT) throw new Error(`a TLS record of type ${type}`);
  }
  return { handshake: Buffer.concat(handshake), data: Buffer.concat(data) };
}

function decryptRecord(head: Buffer, body: Buffer, suite: Suite, secret: Buffer, seq: number) {
  const nonce = makeNonce(expand(secret, suite, "iv", NONCE_BYTES), seq);
  const opened = openSealed(suite, expand(secret, suite, "key", suite.keyBytes), nonce, head, body);
  let end = opened.length - 1;
  while (opened[end] === 0) end -= 1;
  return { type: opened[end]!, content: opened.subarray(0, end) };
}

/** The types of the messages in a record; Finished and KeyUpdate are never cut in two by those that we meet. */
function listMessages(record: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 4 <= record.length; at += 4 + record.readUIntBE(at + 1, 3)) types.push(record[at]!);
  return types;
}

/** HKDF-Expand-Label without a context. @see RFC 8446 §7.1 */
function expand(secret: Buffer, suite: Suite, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)]);
  return createHmac(suite.hash, secret).update(info).digest().subarray(0, length);
}
