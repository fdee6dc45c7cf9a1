import { isKnownEncoding, PseudoEncoding } from "../encodings.ts";
import { ClientMessageType } from "./client-messages.ts";
import { isPermissionDenied, mustParseServerStream, type ClientPolicy } from "./client-permissions.ts";
import { isParsableEncoding } from "../server-stream/parsable-encodings.ts";

/**
 * Never forwarded to a server, whatever the policy, and neither are pseudo-encodings that are not known here: an
 * extension may lead to messages of unknown length.
 * - desktopName makes the server send the desktop's own name, which can identify its owner.
 * - extendedMouseButtons makes some PointerEvents one byte longer, but only if the server supports it. As
 *   long as the server's confirmation is not read, filter and server could split the stream differently, and
 *   a message could pass the filter unseen.
 * - serverIdentity and similar ones make it send its program, version and host.
 * - UltraVNC's extensions lead to messages that are left out.
 */
const NEVER_FORWARDED: ReadonlySet<number> = new Set<number>([
  PseudoEncoding.desktopName,
  PseudoEncoding.extendedMouseButtons,
  PseudoEncoding.serverMessages,
  PseudoEncoding.serverEncodings,
  PseudoEncoding.serverIdentity,
  PseudoEncoding.ultraServerState,
  PseudoEncoding.ultraKeepAlive,
  PseudoEncoding.ultraFileTransfer,
  PseudoEncoding.ultraSession,
  PseudoEncoding.ultraIdleTime,
  PseudoEncoding.ultraPluginStreaming,
]);

export function isForwardedEncoding(encoding: number): boolean {
  return isKnownEncoding(encoding) && !NEVER_FORWARDED.has(encoding);
}

/**
 * Whether this encoding may be forwarded to a server. An extension that was never offered is never used, so
 * this is where most of a policy takes effect.
 * - extendedClipboard negotiates both directions at once: if one is denied, the plain clipboard serves the
 *   other.
 * - extendedDesktopSize is kept when resizing is denied, since it also informs the viewer of a new size.
 */
export function isAllowedEncoding(encoding: number, policy: ClientPolicy): boolean {
  if (!isForwardedEncoding(encoding)) return false;
  if (mustParseServerStream(policy) && !isParsableEncoding(encoding)) return false;
  switch (encoding) {
    case PseudoEncoding.xvp:
      return !isPermissionDenied(policy, "power");
    case PseudoEncoding.qemuAudio:
      return !isPermissionDenied(policy, "audio");
    case PseudoEncoding.extendedClipboard:
      return !isPermissionDenied(policy, "clipboard-in") && !isPermissionDenied(policy, "clipboard-out");
    case PseudoEncoding.gii:
    case PseudoEncoding.qemuExtendedKey:
      return policy.control;
    default:
      return true;
  }
}

/** SetEncodings: U8 2 · pad · U16 n · n × S32. @see RFC 6143 §7.5.2 */
export function encodeSetEncodings(encodings: readonly number[]): Buffer {
  const out = Buffer.alloc(4 + 4 * encodings.length);
  out.writeUInt8(ClientMessageType.setEncodings, 0);
  out.writeUInt16BE(encodings.length, 2);
  encodings.forEach((encoding, index) => out.writeInt32BE(encoding, 4 + 4 * index));
  return out;
}

/** @param message a SetEncodings; its last encodings may be missing */
export function readSetEncodings(message: Buffer): number[] {
  const encodings: number[] = [];
  for (let at = 4; at < message.length; at += 4) encodings.push(message.readInt32BE(at));
  return encodings;
}

/**
 * Removes what must not be forwarded to a server, and keeps the order that the viewer prefers.
 * @param message a SetEncodings, whose last encodings may be missing; returned unchanged when it is complete and
 *   nothing has to be removed
 */
export function editSetEncodings(
  message: Buffer,
  isAllowed: (encoding: number) => boolean,
): { readonly message: Buffer; readonly encodings: readonly number[] } {
  const listed = readSetEncodings(message);
  const encodings = listed.filter(isAllowed);
  if (encodings.length === message.readUInt16BE(2)) return { message, encodings };
  return { message: encodeSetEncodings(encodings), encodings };
}
