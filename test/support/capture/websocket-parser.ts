import type { BothDirections } from "./tls-decryption.ts";

export interface ParsedWebSocket {
  /** The HTTP request and its answer. */
  readonly upgrade: BothDirections;
  /** The payloads of all messages, unmasked and joined; close frames with their reasons too. */
  readonly messages: BothDirections;
}

const HEAD_END = "\r\n\r\n";

/** Undefined where the bytes are no upgraded WebSocket connection. */
export function parseWebSocket({ sent, received }: BothDirections): ParsedWebSocket | undefined {
  if (!received.toString("latin1", 0, 12).startsWith("HTTP/1.1 101")) return undefined;
  const [request, answer] = [sent, received].map((bytes) => bytes.indexOf(HEAD_END) + HEAD_END.length) as [
    number,
    number,
  ];
  return {
    upgrade: { sent: sent.subarray(0, request), received: received.subarray(0, answer) },
    messages: { sent: joinFrames(sent.subarray(request)), received: joinFrames(received.subarray(answer)) },
  };
}

function joinFrames(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const [isMasked, short] = [(bytes[at + 1]! & 0x80) > 0, bytes[at + 1]! & 0x7f];
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    const body = at + 2 + wide + (isMasked ? 4 : 0);
    if (body > bytes.length) break;
    const length =
      wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const payload = Buffer.from(bytes.subarray(body, body + length));
    if (isMasked)
      for (let index = 0; index < payload.length; index += 1)
        payload[index]! ^= bytes[body - 4 + (index % 4)]!;
    parts.push(payload);
    at = body + length;
  }
  return Buffer.concat(parts);
}
