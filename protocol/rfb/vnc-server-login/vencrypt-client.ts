import type { Conversation } from "../../bytes/conversation.ts";
import { encodeU32 } from "../../bytes/encoders.ts";
import { bytes, u32, u8, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { logInWithPlain } from "./plain-client.ts";
import {
  chooseSecurityMethod,
  hasSecurityMethod,
  VENCRYPT_METHODS,
  VENCRYPT_METHODS_UNCHECKED,
} from "./security-methods.ts";
import { beginTls, OtherSecurityType, type ServerLogin, type TlsKind } from "./server-login.ts";
import { SecurityType } from "../security-types.ts";
import { VENCRYPT_VERSION, VeNCryptType } from "../vencrypt-types.ts";
import { logInWithVncAuth } from "./vnc-auth-client.ts";

const VERSION_ACCEPTED = 0;
const TLS_ACCEPTED = 1;

/** What a server offers besides VeNCrypt that this login could use. */
export type OtherMethods = "none" | "clear" | "encrypted";

/**
 * VeNCrypt 0.2, up to the inner authentication's SecurityResult.
 * @param otherMethods the best of them; where one encrypts the session, no sub-type that does not is chosen
 * @returns the sub-type; one below 256 is an ordinary security type, which is still to be performed
 * @throws ProtocolError `SERVER_VENCRYPT`, `SERVER_SECURITY_UNSUPPORTED`; AuthError `SERVER_CERTIFICATE`,
 *   `SERVER_PASSWORD_MISSING`, `SERVER_USER_MISSING`; ProtocolError `SERVER_OTHER_WAY` when a new connection
 *   that avoids VeNCrypt would succeed
 * @see rfbproto, "VeNCrypt"
 */
export async function logInWithVeNCrypt(
  peer: Conversation,
  login: ServerLogin,
  otherMethods: OtherMethods,
): Promise<number> {
  await agreeOnVersion(peer);
  const offered = await peer.read(readSubTypes());
  const checked = login.requireX509 === true;
  const methods = checked ? VENCRYPT_METHODS : VENCRYPT_METHODS_UNCHECKED;
  const useful = offered.filter((type) => checked || isUseful(tlsKind(type), otherMethods));
  if (otherMethods !== "none" && !hasSecurityMethod(methods, useful, login)) {
    throw new OtherSecurityType([SecurityType.veNCrypt], "VeNCrypt leads nowhere here, another type may");
  }
  const type = chooseSecurityMethod(methods, useful, login);
  await peer.write(encodeU32(type));
  const kind = tlsKind(type);
  if (kind !== null) await startTls(peer, login, kind);
  await authenticateInside(peer, login, type);
  return type;
}

async function agreeOnVersion(peer: Conversation): Promise<void> {
  const [major = 0, minor = 0] = await peer.read(bytes(2));
  if (major === 0 && minor < 2) {
    // Version 0.0 means that there is no version in common.
    await peer.write(Buffer.of(0, 0));
    throw refused(`the VNC server speaks VeNCrypt ${major}.${minor}, which is too old`);
  }
  await peer.write(VENCRYPT_VERSION);
  const answer = await peer.read(u8());
  if (answer !== VERSION_ACCEPTED) throw refused(`the VNC server refused VeNCrypt 0.2 (${answer})`);
}

function* readSubTypes(): Grammar<number[]> {
  const count = yield* u8();
  if (count === 0) throw refused("the VNC server offers no sub-type of VeNCrypt");
  const types: number[] = [];
  for (let i = 0; i < count; i++) types.push(yield* u32());
  return types;
}

async function startTls(peer: Conversation, login: ServerLogin, kind: TlsKind): Promise<void> {
  const answer = await peer.read(u8());
  if (answer !== TLS_ACCEPTED) throw refused(`the VNC server did not start TLS (${answer})`);
  await beginTls(peer, login, kind);
}

async function authenticateInside(peer: Conversation, login: ServerLogin, type: number): Promise<void> {
  switch (type) {
    case VeNCryptType.tlsVnc:
    case VeNCryptType.x509Vnc:
      await logInWithVncAuth(peer, login);
      return;
    case VeNCryptType.plain:
    case VeNCryptType.tlsPlain:
    case VeNCryptType.x509Plain:
      await logInWithPlain(peer, login);
  }
}

/** Without a certificate that can be checked. */
function isUseful(kind: TlsKind | null, otherMethods: OtherMethods): boolean {
  if (otherMethods === "none") return true;
  return kind === "anonymous" || (kind === null && otherMethods === "clear");
}

function tlsKind(type: number): TlsKind | null {
  switch (type) {
    case VeNCryptType.tlsNone:
    case VeNCryptType.tlsVnc:
    case VeNCryptType.tlsPlain:
      return "anonymous";
    case VeNCryptType.x509None:
    case VeNCryptType.x509Vnc:
    case VeNCryptType.x509Plain:
      return "x509";
    default:
      return null;
  }
}

function refused(message: string): ProtocolError {
  return new ProtocolError("SERVER_VENCRYPT", message, {
    safeMessage: "The desktop's VNC server did not agree on an encrypted connection.",
  });
}
