// Just enough of a WebSocket client to cost less than what it measures.
import { randomBytes } from "node:crypto";
import type { StreamGrammar } from "./stream-walker.ts";

export const WebSocketOpcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
const FIRST_CONTROL_OPCODE = 8;
const HEAD_END = "\r\n\r\n";

export function encodeUpgrade(port: number, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    `Sec-WebSocket-Protocol: binary${HEAD_END}`,
  ].join("\r\n");
}

export interface WebSocketEvents {
  readonly onOpen: () => void;
  readonly onControl: (opcode: number, payload: Buffer) => void;
}

/** The answer to the upgrade, then a server's frames; what passes is the payload of its messages. */
export function* readWebSocket({ onOpen, onControl }: WebSocketEvents): StreamGrammar {
  let head = "";
  while (!head.endsWith(HEAD_END)) head += (yield 1).toString("latin1");
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`The upgrade was refused: ${head.split("\r\n")[0]}`);
  onOpen();
  for (;;) {
    const frame = yield 2;
    const opcode = frame.readUInt8(0) & 0x0f;
    const length = yield* readFrameLength(frame.readUInt8(1));
    if (opcode >= FIRST_CONTROL_OPCODE) onControl(opcode, Buffer.from(yield length));
    else yield -length;
  }
}

function* readFrameLength(second: number): Generator<number, number, Buffer> {
  if (second & MASKED) throw new Error("A server's frame is masked.");
  if (second < 126) return second;
  return second === 126 ? (yield 2).readUInt16BE(0) : Number((yield 8).readBigUInt64BE(0));
}

/** One whole message of a client. @param payload under 64 KiB @param mask 4 bytes */
export function encodeFrame(opcode: number, payload: Buffer, mask: Buffer = randomBytes(MASK_BYTES)): Buffer {
  const head =
    payload.length < 126
      ? Buffer.of(FINAL | opcode, MASKED | payload.length)
      : Buffer.of(FINAL | opcode, MASKED | 126, payload.length >> 8, payload.length & 0xff);
  const masked = payload.map((byte, index) => byte ^ mask.readUInt8(index % MASK_BYTES));
  return Buffer.concat([head, mask, masked]);
}
