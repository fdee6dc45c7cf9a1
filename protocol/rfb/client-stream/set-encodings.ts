import { PseudoEncoding } from "../encodings.ts";
import { ClientMessageType } from "./client-messages.ts";
import { isPermissionDenied, mustParseServerStream, type ClientPolicy } from "./client-permissions.ts";
import { isParsableEncoding } from "../server-stream/parsable-encodings.ts";

/**
 * Never told to a server, whatever the policy.
 * - desktopName makes it send the desktop's own name, which tells whose it is.
 * - extendedMouseButtons makes some PointerEvents a byte longer, but only if the server knows it: as long as nobody reads
 *   what it confirms, a byte stream that both sides cut differently could carry a message past the filter.
 * - serverIdentity and its kin make it tell its program, version and host.
 * - UltraVNC's extensions lead to messages that are refused.
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
  return !NEVER_FORWARDED.has(encoding);
}

/**
 * Whether a server may be told that the viewer understands this. An extension that was never offered is never used, so
 * this is where most of a policy takes effect.
 * - extendedClipboard carries both directions in one negotiation: without one of them, the plain clipboard serves the other.
 * - extendedDesktopSize stays when resizing is denied, since it also tells the viewer of a new size.
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

/** @param message one whole SetEncodings */
export function readSetEncodings(message: Buffer): number[] {
  const encodings: number[] = [];
  for (let at = 4; at < message.length; at += 4) encodings.push(message.readInt32BE(at));
  return encodings;
}

/**
 * Leaves out what a server must not be told, in the order that the viewer prefers.
 * @param message one whole SetEncodings; returned itself when nothing has to go
 */
export function editSetEncodings(
  message: Buffer,
  isAllowed: (encoding: number) => boolean,
): { readonly message: Buffer; readonly encodings: readonly number[] } {
  const listed = readSetEncodings(message);
  const encodings = listed.filter(isAllowed);
  if (encodings.length === listed.length) return { message, encodings };
  return { message: encodeSetEncodings(encodings), encodings };
}
