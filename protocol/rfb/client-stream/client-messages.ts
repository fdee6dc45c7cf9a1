import { checkLength } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
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
   * @throws LimitError `LENGTH_LIMIT`, ProtocolError `RFB_CLIENT_MESSAGE`
   */
  measure(wire: Buffer, at: number): number;
  /** The pseudo-encoding without which a server may not know this message. */
  needs(wire: Buffer, at: number): Requirement;
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

/** A pseudo-encoding, or `always`: known to every server, or `ultravnc`: known to UltraVNC's server only. */
export type Requirement = PseudoEncoding | "always" | "ultravnc";

/** The longest variable parts, in bytes unless stated otherwise. */
export const CLIENT_MESSAGE_LIMITS = {
  /** Encodings in one SetEncodings. */
  encodings: 1024,
  clientCutText: 256 * 1024,
  fencePayload: MAX_FENCE_PAYLOAD,
  gii: 65_535,
  ultraChat: 4096,
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
  measure(wire, at) {
    const count = wire.readUInt16BE(at + 2);
    checkLength(count, CLIENT_MESSAGE_LIMITS.encodings, "SetEncodings");
    return 4 + 4 * count;
  },
  needs: () => "always",
  control: false,
};

const clientCutText: ClientMessage = {
  name: "ClientCutText",
  headBytes: 8,
  measure(wire, at) {
    const length = Math.abs(wire.readInt32BE(at + 4));
    checkLength(length, CLIENT_MESSAGE_LIMITS.clientCutText, "ClientCutText");
    if (isExtended(wire, at) && length < 4) {
      throw new ProtocolError("RFB_CLIENT_MESSAGE", "an extended ClientCutText without its flags");
    }
    return 8 + length;
  },
  // A negative length means the extended clipboard, whose body begins with U32 flags.
  needs: (wire, at) => (isExtended(wire, at) ? PseudoEncoding.extendedClipboard : "always"),
  control: true,
  permission: "clipboard-in",
};

function isExtended(wire: Buffer, at: number): boolean {
  return wire.readInt32BE(at + 4) < 0;
}

const fence: ClientMessage = {
  name: "Fence",
  headBytes: FENCE_HEAD_BYTES,
  measure(wire, at) {
    const length = wire.readUInt8(at + 8);
    checkLength(length, CLIENT_MESSAGE_LIMITS.fencePayload, "Fence");
    return FENCE_HEAD_BYTES + length;
  },
  needs: () => PseudoEncoding.fence,
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
    const length = bigEndian ? wire.readUInt16BE(at + 2) : wire.readUInt16LE(at + 2);
    checkLength(length, CLIENT_MESSAGE_LIMITS.gii, "gii");
    return 4 + length;
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
    if (length >= 0xfffffffd) return 8;
    checkLength(length, CLIENT_MESSAGE_LIMITS.ultraChat, "UltraVNC text chat");
    return 8 + length;
  },
  needs: () => "ultravnc",
  control: true,
};

const acting = { control: true } as const;
/** The flag or mask in the second byte is zero. */
const releasable = {
  ...acting,
  headBytes: 2,
  isRelease: (wire: Buffer, at: number) => wire.readUInt8(at + 1) === 0,
} as const;

/** Without file transfer (7): its length depends on the server's program, so a proxy cannot follow it. */
const BY_TYPE = new Map<number, ClientMessage>([
  [ClientMessageType.setPixelFormat, fixed("SetPixelFormat", 20, "always")],
  [ClientMessageType.setEncodings, setEncodings],
  [ClientMessageType.framebufferUpdateRequest, fixed("FramebufferUpdateRequest", 10, "always")],
  [ClientMessageType.keyEvent, fixed("KeyEvent", 8, "always", releasable)],
  // Always 6 bytes: the seventh exists only after extendedMouseButtons, which is never forwarded to a server.
  [ClientMessageType.pointerEvent, fixed("PointerEvent", 6, "always", releasable)],
  [ClientMessageType.clientCutText, clientCutText],
  [8, fixed("UltraVNC SetScale", 4, "ultravnc", acting)],
  [9, fixed("UltraVNC SetServerInput", 4, "ultravnc", acting)],
  [10, fixed("UltraVNC SetSW", 6, "ultravnc", acting)],
  [11, ultraChat],
  [13, fixed("UltraVNC KeepAlive", 1, "ultravnc")],
  [15, fixed("UltraVNC PalmVNC SetScaleFactor", 4, "ultravnc", acting)],
  [20, fixed("UltraVNC RequestSession", 1, "ultravnc", acting)],
  [21, fixed("UltraVNC SetSession", 2, "ultravnc", acting)],
  [80, fixed("UltraVNC NotifyPluginStreaming", 4, "ultravnc")],
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
