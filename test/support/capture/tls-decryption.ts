import { createDecipheriv, createHmac } from "node:crypto";

/** The two directions of a connection, or of what it carried. */
export interface BothDirections {
  readonly sent: Buffer;
  readonly received: Buffer;
}

/** What was inside a TLS 1.3 connection, and what was said before it began, as VeNCrypt does. */
export interface DecryptedTls {
  readonly before: BothDirections;
  /** Handshake messages in clear, certificates with their subjects among them. */
  readonly handshake: BothDirections;
  readonly data: BothDirections;
}

/** Secrets by label and client random, as `--tls-keylog` and SSLKEYLOGFILE write them. */
export type KeyLog = ReadonlyMap<string, Buffer>;

const SUITES: Readonly<
  Record<number, { cipher: string; keyBytes: number; hash: string; hashBytes: number }>
> = {
  0x1301: { cipher: "aes-128-gcm", keyBytes: 16, hash: "sha256", hashBytes: 32 },
  0x1302: { cipher: "aes-256-gcm", keyBytes: 32, hash: "sha384", hashBytes: 48 },
  0x1303: { cipher: "chacha20-poly1305", keyBytes: 32, hash: "sha256", hashBytes: 32 },
};
type Suite = (typeof SUITES)[number];

const RANDOM_LABEL = "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
const [ALERT, HANDSHAKE, DATA] = [0x15, 0x16, 0x17];
const [FINISHED, KEY_UPDATE] = [20, 24];
const TAG_BYTES = 16;
/** From a ClientHello's record to its random. */
const TO_RANDOM = 11;

export function parseKeyLog(text: string): KeyLog {
  const lines = text.matchAll(/^([A-Z_0-9]+) ([0-9a-f]{64}) ([0-9a-f]+)$/gm);
  return new Map(
    [...lines].map(([, label, random, secret]) => [`${label!} ${random!}`, Buffer.from(secret!, "hex")]),
  );
}

/** Undefined where no ClientHello of the log is. @throws Error when there is TLS that cannot be opened to its end */
export function decryptTls({ sent, received }: BothDirections, keys: KeyLog): DecryptedTls | undefined {
  for (const name of keys.keys()) {
    const [label, random] = name.split(" ") as [string, string];
    const at = label === RANDOM_LABEL ? sent.indexOf(Buffer.from(random, "hex")) - TO_RANDOM : -1;
    if (at < 0 || sent[at] !== HANDSHAKE) continue;
    const answer = /\x16\x03\x03[^]{2}\x02\x00/.exec(received.toString("latin1"))?.index;
    if (answer === undefined) throw new Error("a ClientHello without a ServerHello");
    const suite = readSuite(received.subarray(answer));
    const open = (bytes: Buffer, side: "CLIENT" | "SERVER") => {
      const secret = (step: string) => keys.get(`${side}_${step} ${random}`);
      return decryptRecords(bytes, suite, secret("HANDSHAKE_TRAFFIC_SECRET"), secret("TRAFFIC_SECRET_0"));
    };
    const [up, down] = [open(sent.subarray(at), "CLIENT"), open(received.subarray(answer), "SERVER")];
    return {
      before: { sent: sent.subarray(0, at), received: received.subarray(0, answer) },
      handshake: { sent: up.handshake, received: down.handshake },
      data: { sent: up.data, received: down.data },
    };
  }
  return undefined;
}

function readSuite(serverHello: Buffer): Suite & object {
  const sessionId = serverHello.readUInt8(TO_RANDOM + 32);
  const number = serverHello.readUInt16BE(TO_RANDOM + 33 + sessionId);
  const suite = SUITES[number];
  if (!suite) throw new Error(`cipher suite ${number.toString(16)} is none of TLS 1.3`);
  return suite;
}

/** The records of one direction. A last one that is not whole is left out: whoever was killed did not finish it. */
function decryptRecords(
  bytes: Buffer,
  suite: Suite & object,
  handshakeSecret: Buffer | undefined,
  dataSecret: Buffer | undefined,
): { handshake: Buffer; data: Buffer } {
  const [handshake, data]: [Buffer[], Buffer[]] = [[], []];
  let secret = handshakeSecret;
  let seq = 0;
  for (let at = 0; at + 5 <= bytes.length;) {
    const [head, end] = [bytes.subarray(at, at + 5), at + 5 + bytes.readUInt16BE(at + 3)];
    if (end > bytes.length) break;
    const body = bytes.subarray(at + 5, end);
    at = end;
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

function decryptRecord(head: Buffer, body: Buffer, suite: Suite & object, secret: Buffer, seq: number) {
  const nonce = expand(secret, suite, "iv", 12);
  for (let index = 0; index < 6; index += 1) nonce[11 - index]! ^= Math.floor(seq / 256 ** index) % 256;
  const key = expand(secret, suite, "key", suite.keyBytes);
  const options = { authTagLength: TAG_BYTES };
  const cipher = createDecipheriv(suite.cipher as "aes-128-gcm", key, nonce, options);
  cipher.setAAD(head).setAuthTag(body.subarray(-TAG_BYTES));
  const opened = Buffer.concat([cipher.update(body.subarray(0, -TAG_BYTES)), cipher.final()]);
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
function expand(secret: Buffer, suite: Suite & object, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)]);
  return createHmac(suite.hash, secret).update(info).digest().subarray(0, length);
}
