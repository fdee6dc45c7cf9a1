import { ProtocolError } from "../../errors.ts";
import { MAX_CUT_TEXT_BYTES } from "../cut-text.ts";
import { isPermissionDenied, type ClientPolicy, type Permission } from "./client-permissions.ts";
import { PseudoEncoding } from "../encodings.ts";
import { FENCE_HEAD_BYTES, FENCE_TYPE, MAX_FENCE_PAYLOAD } from "../fence.ts";

/**
 * The messages that a viewer may send after ClientInit: how long each one is, when a server understands it,
 * and whether it acts on the desktop. Lengths and fields are enough to follow the stream; the contents of
 * what is typed are not read.
 * @see RFC 6143 §7.5 and the community's RFB specification, "Client to Server Messages"
 */
export interface ClientMessage {
  readonly name: string;
  /** Bytes from the message's start that `measure` and `needs` read. */
  readonly headBytes: number;
  /**
   * @returns the whole message's length in bytes
   * @throws ProtocolError `RFB_CLIENT_MESSAGE` where the length cannot be known
   */
  measure(wire: Buffer, at: number): number;
  /** The pseudo-encoding without which a server may not know this message. */
  needs(wire: Buffer, at: number): Requirement;
  /** A longer message, in bytes, is left out. Absent: no length of it is too long. */
  readonly maxBytes?: number;
  /** Acts on the desktop or its clipboard: not allowed for view-only sessions. */
  readonly control: boolean;
  /** Whether a message that acts lets go of something, and presses nothing; absent: never. */
  isRelease?(wire: Buffer, at: number): boolean;
  /** The permission that it needs besides control. */
  readonly permission?: Permission;
}

export function isMessageAllowed(message: ClientMessage, policy: ClientPolicy): boolean {
  if (message.control && !policy.control) return false;
  return message.permission === undefined || !isPermissionDenied(policy, message.permission);
}

/** A pseudo-encoding, or `always`: known to every server, or `never`: left out whatever the server knows. */
export type Requirement = PseudoEncoding | "always" | "never";

/**
 * The longest variable parts that a server gets, in bytes unless stated otherwise. What is longer is left out: its
 * length is known, so the messages after it can be followed.
 */
export const CLIENT_MESSAGE_LIMITS = {
  /** Encodings in one SetEncodings; the first ones count. */
  encodings: 1024,
  clientCutText: MAX_CUT_TEXT_BYTES,
  fencePayload: MAX_FENCE_PAYLOAD,
} as const;

export const ClientMessageType = {
  setPixelFormat: 0,
  setEncodings: 2,
  framebufferUpdateRequest: 3,
  keyEvent: 4,
  pointerEvent: 5,
  clientCutText: 6,
  enableContinuousUpdates: 150,
  fence: FENCE_TYPE,
  xvp: 250,
  setDesktopSize: 251,
  gii: 253,
  qemu: 255,
} as const;

function fixed(
  name: string,
  length: number,
  requirement: Requirement,
  options: Partial<Pick<ClientMessage, "control" | "permission" | "headBytes" | "isRelease">> = {},
): ClientMessage {
  return {
    name,
    headBytes: 1,
    measure: () => length,
    needs: () => requirement,
    control: false,
    ...options,
  };
}

const setEncodings: ClientMessage = {
  name: "SetEncodings",
  headBytes: 4,
  measure: (wire, at) => 4 + 4 * wire.readUInt16BE(at + 2),
  needs: () => "always",
  control: false,
};

const clientCutText: ClientMessage = {
  name: "ClientCutText",
  headBytes: 8,
  measure: (wire, at) => 8 + Math.abs(wire.readInt32BE(at + 4)),
  // A negative length means the extended clipboard, whose body begins with U32 flags.
  needs(wire, at) {
    const length = wire.readInt32BE(at + 4);
    if (length >= 0) return "always";
    return length <= -4 ? PseudoEncoding.extendedClipboard : "never";
  },
  maxBytes: 8 + CLIENT_MESSAGE_LIMITS.clientCutText,
  control: true,
  permission: "clipboard-in",
};

const fence: ClientMessage = {
  name: "Fence",
  headBytes: FENCE_HEAD_BYTES,
  measure: (wire, at) => FENCE_HEAD_BYTES + wire.readUInt8(at + 8),
  needs: () => PseudoEncoding.fence,
  maxBytes: FENCE_HEAD_BYTES + CLIENT_MESSAGE_LIMITS.fencePayload,
  control: false,
};

const setDesktopSize: ClientMessage = {
  name: "SetDesktopSize",
  headBytes: 8,
  measure: (wire, at) => 8 + 16 * wire.readUInt8(at + 6),
  needs: () => PseudoEncoding.extendedDesktopSize,
  control: true,
  permission: "resize",
};

const gii: ClientMessage = {
  name: "gii",
  headBytes: 4,
  measure(wire, at) {
    const bigEndian = (wire.readUInt8(at + 1) & 0x80) !== 0;
    return 4 + (bigEndian ? wire.readUInt16BE(at + 2) : wire.readUInt16LE(at + 2));
  },
  needs: () => PseudoEncoding.gii,
  control: true,
};

const qemuAudio: ClientMessage = {
  name: "QEMU audio",
  headBytes: 4,
  measure(wire, at) {
    const operation = wire.readUInt16BE(at + 2);
    if (operation > 2) throw new ProtocolError("RFB_CLIENT_MESSAGE", `QEMU audio operation ${operation}`);
    return operation === 2 ? 10 : 4;
  },
  needs: () => PseudoEncoding.qemuAudio,
  control: false,
  permission: "audio",
};

const ultraChat: ClientMessage = {
  name: "UltraVNC text chat",
  headBytes: 8,
  measure(wire, at) {
    const length = wire.readUInt32BE(at + 4);
    // Open, close and finished are special length values without a text.
    return length >= 0xfffffffd ? 8 : 8 + length;
  },
  needs: () => "never",
  control: true,
};

const acting = { control: true } as const;
/** The flag or mask in the second byte is zero. */
const releasable = {
  ...acting,
  headBytes: 2,
  isRelease: (wire: Buffer, at: number) => wire.readUInt8(at + 1) === 0,
} as const;

/**
 * UltraVNC's own messages are left out: viewers send them unasked, and a server that does not know them disconnects.
 * Without file transfer (7): its length depends on the server's program, so a proxy cannot follow it.
 */
const BY_TYPE = new Map<number, ClientMessage>([
  [ClientMessageType.setPixelFormat, fixed("SetPixelFormat", 20, "always")],
  [ClientMessageType.setEncodings, setEncodings],
  [ClientMessageType.framebufferUpdateRequest, fixed("FramebufferUpdateRequest", 10, "always")],
  [ClientMessageType.keyEvent, fixed("KeyEvent", 8, "always", releasable)],
  // Always 6 bytes: the seventh exists only after extendedMouseButtons, which is never forwarded to a server.
  [ClientMessageType.pointerEvent, fixed("PointerEvent", 6, "always", releasable)],
  [ClientMessageType.clientCutText, clientCutText],
  [8, fixed("UltraVNC SetScale", 4, "never", acting)],
  [9, fixed("UltraVNC SetServerInput", 4, "never", acting)],
  [10, fixed("UltraVNC SetSW", 6, "never", acting)],
  [11, ultraChat],
  [13, fixed("UltraVNC KeepAlive", 1, "never")],
  [15, fixed("UltraVNC PalmVNC SetScaleFactor", 4, "never", acting)],
  [20, fixed("UltraVNC RequestSession", 1, "never", acting)],
  [21, fixed("UltraVNC SetSession", 2, "never", acting)],
  [80, fixed("UltraVNC NotifyPluginStreaming", 4, "never")],
  [
    ClientMessageType.enableContinuousUpdates,
    fixed("EnableContinuousUpdates", 10, PseudoEncoding.continuousUpdates),
  ],
  [ClientMessageType.fence, fence],
  [ClientMessageType.xvp, fixed("xvp", 4, PseudoEncoding.xvp, { ...acting, permission: "power" })],
  [ClientMessageType.setDesktopSize, setDesktopSize],
  [ClientMessageType.gii, gii],
]);

const BY_QEMU_SUBTYPE = new Map<number, ClientMessage>([
  [
    0,
    fixed("QEMU extended key", 12, PseudoEncoding.qemuExtendedKey, {
      ...acting,
      headBytes: 4,
      isRelease: (wire, at) => wire.readUInt16BE(at + 2) === 0,
    }),
  ],
  [1, qemuAudio],
]);

/**
 * The message that starts at `at`; undefined while one more byte is needed to identify it.
 * @throws ProtocolError `RFB_CLIENT_MESSAGE` for a type of unknown length
 */
export function identifyClientMessage(wire: Buffer, at: number): ClientMessage | undefined {
  const type = wire.readUInt8(at);
  if (type !== ClientMessageType.qemu) return BY_TYPE.get(type) ?? refuse(`type ${type}`);
  if (at + 1 >= wire.length) return undefined;
  const subtype = wire.readUInt8(at + 1);
  return BY_QEMU_SUBTYPE.get(subtype) ?? refuse(`type ${type}/${subtype}`);
}

function refuse(type: string): never {
  throw new ProtocolError("RFB_CLIENT_MESSAGE", `the viewer sent a message of unknown ${type}`, {
    safeMessage: "The viewer sent a message that is not supported here.",
  });
}

/**
 * SetDesktopSize with one screen that fills the desktop: U8 251 · pad · U16 width · U16 height · U8 1 · pad ·
 * U32 id · U16 x · U16 y · U16 width · U16 height · U32 flags.
 * @see the community's RFB specification, "SetDesktopSize"
 */
export function encodeSetDesktopSize(width: number, height: number): Buffer {
  const out = Buffer.alloc(24);
  out.writeUInt8(ClientMessageType.setDesktopSize, 0);
  out.writeUInt16BE(width, 2);
  out.writeUInt16BE(height, 4);
  out.writeUInt8(1, 6);
  out.writeUInt16BE(width, 16);
  out.writeUInt16BE(height, 18);
  return out;
}
