import type { Conversation } from "../../bytes/conversation.ts";
import { encodeU8 } from "../../bytes/encoders.ts";
import { bytes, u32, u8 } from "../../bytes/grammar.ts";
import { AuthError, PeerClosed, ProtocolError } from "../../errors.ts";
import { logInWithAppleDh } from "./apple-dh-client.ts";
import { logInWithMsLogon } from "./mslogon-client.ts";
import { logInWithRsaAes } from "../rsa-aes/rsa-aes-client.ts";
import { isRsaAes, RSA_AES_TYPES } from "../rsa-aes/variants.ts";
import { hasSecurityResult, reasonString } from "../security-result.ts";
import { nameSecurityType, SecurityResult, SecurityType } from "../security-types.ts";
import {
  chooseSecurityMethod,
  ENCRYPTING_METHODS,
  RFB_33_METHODS,
  hasSecurityMethod,
  SECURITY_METHODS,
  TIGHT_UNIX_LOGIN,
  TLS_METHODS,
} from "./security-methods.ts";
import { beginTls, OtherSecurityType, type ServerLoginResult, type ServerLogin } from "./server-login.ts";
import { logInWithTight } from "./tight-client.ts";
import { logInWithVeNCrypt, type OtherMethods } from "./vencrypt-client.ts";
import { nameVeNCryptType } from "../vencrypt-types.ts";
import { encodeProtocolVersion, protocolVersion, type RfbVersion } from "../protocol-version.ts";
import { logInWithVncAuth } from "./vnc-auth-client.ts";

/** TigerVNC's reason when the person at the desktop rejects a viewer or does not answer. */
const DECLINED =
  /\b(reject|den(y|ied)|refus|accept)\w*\b.*\buser\b|\buser\b.*\b(reject|den(y|ied)|refus|accept)/i;

/** The result of a login: the type that SecurityResult follows, and the types that led to it. */
interface LoginStep {
  readonly type: number;
  readonly security: string;
}

/**
 * Acts as the viewer towards a VNC server, until the server waits for ClientInit. Afterwards the conversation
 * may use another stream (TLS).
 * @throws ProtocolError `RFB_VERSION`, `RFB_SECURITY_RESULT`, `SERVER_REFUSED`,
 *   `SERVER_SECURITY_UNSUPPORTED`, `SERVER_VENCRYPT`, `SERVER_KEY_EXCHANGE`; OtherSecurityType (retry without the
 *   types that it names); AuthError `SERVER_PASSWORD_MISSING`, `SERVER_USER_MISSING`, `SERVER_PASSWORD_WRONG`,
 *   `SERVER_CERTIFICATE`; LimitError `LENGTH_LIMIT`
 * @see RFC 6143 §7.1
 */
export async function logInToServer(peer: Conversation, login: ServerLogin): Promise<ServerLoginResult> {
  const version = await peer.read(protocolVersion());
  await peer.write(encodeProtocolVersion(version));
  const listed = version === "3.3" ? await readDecidedType(peer) : await readOfferedTypes(peer);
  const { avoid = [] } = login;
  const offered = listed.filter((type) => !avoid.includes(type));
  const chosen = chooseSecurityMethod(version === "3.3" ? RFB_33_METHODS : SECURITY_METHODS, offered, login);
  if (version !== "3.3") await peer.write(encodeU8(chosen));
  const { type, security } = await logInWith(peer, chosen, login, findOtherMethods(offered, chosen, login));
  if (hasSecurityResult(version, type)) await readSecurityResult(peer, version, type);
  return { security, hasTightCapabilities: chosen === SecurityType.tight };
}

async function readDecidedType(peer: Conversation): Promise<number[]> {
  const decided = await peer.read(u32());
  if (decided === SecurityType.invalid) throw await readRefusal(peer);
  return [decided];
}

async function readOfferedTypes(peer: Conversation): Promise<number[]> {
  const count = await peer.read(u8());
  if (count === 0) throw await readRefusal(peer);
  return [...(await peer.read(bytes(count)))];
}

/** The best that is left when this type leads nowhere; all RSA-AES types ask for the same. */
function findOtherMethods(offered: readonly number[], chosen: number, login: ServerLogin): OtherMethods {
  const others = offered.filter((type) => type !== chosen && !(isRsaAes(chosen) && isRsaAes(type)));
  if (hasSecurityMethod(ENCRYPTING_METHODS, others, login)) return "encrypted";
  return hasSecurityMethod(SECURITY_METHODS, others, login) ? "clear" : "none";
}

/** Performs one security type, up to SecurityResult. */
async function logInWith(
  peer: Conversation,
  type: number,
  login: ServerLogin,
  otherMethods: OtherMethods,
): Promise<LoginStep> {
  const security = nameSecurityType(type);
  if (isRsaAes(type)) {
    await logInWithRsaAes(peer, type, login).catch((error: unknown) => {
      throw otherMethods === "none" ? error : avoidRsaAes(error);
    });
  }
  switch (type) {
    case SecurityType.tls: {
      await beginTls(peer, login, "anonymous");
      const inner = chooseSecurityMethod(TLS_METHODS, await readOfferedTypes(peer), login);
      await peer.write(encodeU8(inner));
      const passed = await logInWith(peer, inner, login, "none");
      return { ...passed, security: `${security} ${passed.security}` };
    }
    case SecurityType.vncAuth:
      await logInWithVncAuth(peer, login);
      break;
    case SecurityType.appleDh:
      await logInWithAppleDh(peer, login);
      break;
    case SecurityType.msLogonII:
      await logInWithMsLogon(peer, login);
      break;
    case SecurityType.tight: {
      const inner = await logInWithTight(peer, login);
      const name = inner === TIGHT_UNIX_LOGIN ? "unixLogin" : nameSecurityType(inner);
      return { type: inner, security: `${security} ${name}` };
    }
    case SecurityType.veNCrypt: {
      const inner = await logInWithVeNCrypt(peer, login, otherMethods);
      const name = nameVeNCryptType(inner);
      if (name !== undefined) return { type: inner, security: `${security} ${name}` };
      const passed = await logInWith(peer, inner, login, "none");
      return { ...passed, security: `${security} ${passed.security}` };
    }
  }
  return { type, security };
}

/** Some servers ask for an account of their host here, and for the VNC password elsewhere. */
function avoidRsaAes(error: unknown): unknown {
  if (!(error instanceof AuthError) || error.code !== "SERVER_USER_MISSING") return error;
  return new OtherSecurityType(RSA_AES_TYPES, "RSA-AES asks for a user name here, another type may not");
}

async function readSecurityResult(peer: Conversation, version: RfbVersion, type: number): Promise<void> {
  const result = await peer.read(u32());
  if (result === SecurityResult.ok) return;
  if (result !== SecurityResult.failed && result !== SecurityResult.tooManyTries) {
    throw new ProtocolError("RFB_SECURITY_RESULT", `unknown SecurityResult ${result}`);
  }
  const reason = version === "3.8" ? await readReason(peer) : "";
  if (DECLINED.test(reason)) throw declined(reason);
  if (type === SecurityType.none || result === SecurityResult.tooManyTries) throw refusal(reason);
  throw new AuthError("SERVER_PASSWORD_WRONG", `the VNC server refused the login: ${quote(reason)}`, {
    safeMessage: "The desktop's VNC server refused the password. Its owner has to correct it.",
  });
}

/** A server that closes without the required reason has refused as well. */
async function readReason(peer: Conversation): Promise<string> {
  try {
    return await peer.read(reasonString());
  } catch (error) {
    if (error instanceof PeerClosed) return "";
    throw error;
  }
}

async function readRefusal(peer: Conversation): Promise<ProtocolError> {
  const reason = await readReason(peer);
  return DECLINED.test(reason) ? declined(reason) : refusal(reason);
}

function declined(reason: string): ProtocolError {
  return new ProtocolError("SERVER_DECLINED", `somebody at the VNC server said no: ${quote(reason)}`, {
    safeMessage: "Somebody at the desktop said no.",
  });
}

/** The reason can contain the host's name: it is for the owner's log, never for a viewer. */
function refusal(reason: string): ProtocolError {
  return new ProtocolError("SERVER_REFUSED", `the VNC server refused the connection: ${quote(reason)}`, {
    safeMessage: "The desktop's VNC server refused the connection. Try again later.",
  });
}

function quote(reason: string): string {
  return reason === "" ? "no reason given" : JSON.stringify(reason);
}
