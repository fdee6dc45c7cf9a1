import { checkLength, type Grammar } from "../../bytes/grammar.ts";
import { FENCE_HEAD_BYTES, FENCE_TYPE } from "../fence.ts";
import { refuseStream, SERVER_STREAM_LIMITS } from "./skip-grammar.ts";
import type { PixelLengths } from "./pixel-lengths.ts";
import { skipRectangles } from "./rectangle.ts";

/**
 * The messages that a server may send after ServerInit.
 * @see RFC 6143 §7.6 and the community's RFB specification
 */
export interface ServerMessage {
  /** Bytes from the message's start that `read` uses. */
  readonly headBytes: number;
  /**
   * `passes`: bytes follow the head; `update`: rectangles follow; `fence`: the message is needed complete;
   * `drop`: clipboard.
   */
  readonly read: (head: Buffer) => MessageAction;
}

type MessageAction =
  | { readonly kind: "body"; readonly length: number }
  | { readonly kind: "drop"; readonly length: number }
  | { readonly kind: "update"; readonly follow: (lengths: PixelLengths) => Grammar<void> }
  | { readonly kind: "fence"; readonly length: number };

function fixed(length: number): ServerMessage {
  return { headBytes: length, read: () => ({ kind: "body", length: 0 }) };
}

const framebufferUpdate: ServerMessage = {
  headBytes: 4,
  read: (head) => {
    const count = head.readUInt16BE(2);
    return { kind: "update", follow: (lengths) => skipRectangles(count, lengths) };
  },
};

const setColourMapEntries: ServerMessage = {
  headBytes: 6,
  read: (head) => ({ kind: "body", length: 6 * head.readUInt16BE(4) }),
};

/** S32 length, negative for the extended clipboard. */
const serverCutText: ServerMessage = {
  headBytes: 8,
  read: (head) => {
    const length = Math.abs(head.readInt32BE(4));
    checkLength(length, SERVER_STREAM_LIMITS.serverCutText, "ServerCutText");
    return { kind: "drop", length };
  },
};

const fence: ServerMessage = {
  headBytes: FENCE_HEAD_BYTES,
  read: (head) => {
    const length = head.readUInt8(8);
    checkLength(length, SERVER_STREAM_LIMITS.fencePayload, "Fence");
    return { kind: "fence", length };
  },
};

const gii: ServerMessage = {
  headBytes: 4,
  read: (head) => {
    const bigEndian = (head.readUInt8(1) & 0x80) !== 0;
    return { kind: "body", length: bigEndian ? head.readUInt16BE(2) : head.readUInt16LE(2) };
  },
};

const qemuAudioShort = fixed(4);
const qemuAudioData: ServerMessage = {
  headBytes: 8,
  read: (head) => {
    const length = head.readUInt32BE(4);
    checkLength(length, SERVER_STREAM_LIMITS.audioData, "QEMU audio");
    return { kind: "body", length };
  },
};

const BY_TYPE = new Map<number, ServerMessage>([
  [0, framebufferUpdate],
  [1, setColourMapEntries],
  [2, fixed(1)],
  [3, serverCutText],
  [150, fixed(1)],
  [FENCE_TYPE, fence],
  [250, fixed(4)],
  [253, gii],
]);
const QEMU = 255;
const QEMU_AUDIO = 1;

/**
 * The message that starts at `at`; undefined while more bytes are needed to identify it.
 * @throws ProtocolError `RFB_SERVER_STREAM` for a type of unknown length
 */
export function identifyServerMessage(wire: Buffer, at: number): ServerMessage | undefined {
  const type = wire.readUInt8(at);
  if (type !== QEMU) return BY_TYPE.get(type) ?? refuseStream(`a message of type ${type}`);
  if (wire.length - at < 4) return undefined;
  const operation = wire.readUInt16BE(at + 2);
  if (wire.readUInt8(at + 1) !== QEMU_AUDIO || operation > 2) refuseStream("a message of QEMU");
  return operation === 2 ? qemuAudioData : qemuAudioShort;
}
