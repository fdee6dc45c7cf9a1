import type { Conversation } from "../bytes/conversation.ts";
import { encodeU8 } from "../bytes/encode.ts";
import { bytes, u32, u8 } from "../bytes/grammar.ts";
import { AuthError, PeerClosed, ProtocolError } from "../errors.ts";
import { loginByRsaAes } from "./rsa-aes/with-server.ts";
import { isRsaAes, RSA_AES_TYPES, type RsaAesType } from "./rsa-aes/variants.ts";
import { hasSecurityResult, reasonString } from "./security-result.ts";
import { nameSecurityType, SecurityResult, SecurityType } from "./security-types.ts";
import { encodeProtocolVersion, protocolVersion, type RfbVersion } from "./versions.ts";
import { CHALLENGE_BYTES, vncAuthResponse } from "./vnc-auth.ts";

/** What is known about a VNC server; absent: it is expected to want no password. */
export interface ServerCredentials {
  readonly password?: string;
}

/**
 * Plays the viewer towards a VNC server, until the server waits for ClientInit.
 * @throws ProtocolError `RFB_VERSION`, `RFB_SECURITY_RESULT`, `SERVER_REFUSED`, `SERVER_SECURITY_UNSUPPORTED`;
 *   AuthError `SERVER_PASSWORD_MISSING`, `SERVER_PASSWORD_WRONG`; LimitError `LENGTH_LIMIT`; what {@link loginByRsaAes} throws
 * @see RFC 6143 §7.1
 */
export async function enterServer(peer: Conversation, credentials: ServerCredentials): Promise<void> {
  const version = await peer.read(protocolVersion());
  await peer.write(encodeProtocolVersion(version));
  const type = version === "3.3" ? await readDecision(peer) : await chooseType(peer);
  if (type === SecurityType.vncAuth) await answerChallenge(peer, credentials.password);
  if (isRsaAes(type)) await loginByRsaAes(peer, type, credentials);
  if (hasSecurityResult(version, type)) await readSecurityResult(peer, version, type);
}

type Handled = typeof SecurityType.none | typeof SecurityType.vncAuth | RsaAesType;

async function readDecision(peer: Conversation): Promise<Handled> {
  const decided = await peer.read(u32());
  if (decided === SecurityType.invalid) throw await readRefusal(peer);
  return pick([decided], []);
}

async function chooseType(peer: Conversation): Promise<Handled> {
  const count = await peer.read(u8());
  if (count === 0) throw await readRefusal(peer);
  const chosen = pick([...(await peer.read(bytes(count)))]);
  await peer.write(encodeU8(chosen));
  return chosen;
}

/** The simplest: what the server's password is worth on this way was its owner's choice. RFB 3.3 has no RSA-AES. */
function pick(offered: readonly number[], rsaAes = RSA_AES_TYPES): Handled {
  if (offered.includes(SecurityType.none)) return SecurityType.none;
  if (offered.includes(SecurityType.vncAuth)) return SecurityType.vncAuth;
  const best = rsaAes.find((type) => offered.includes(type));
  if (best !== undefined) return best;
  const names = offered.map(nameSecurityType).join(", ");
  throw new ProtocolError("SERVER_SECURITY_UNSUPPORTED", `the VNC server offers only: ${names}`, {
    safeMessage: "The desktop's VNC server wants a kind of login that is not supported.",
  });
}

async function answerChallenge(peer: Conversation, password: string | undefined): Promise<void> {
  const challenge = await peer.read(bytes(CHALLENGE_BYTES));
  if (password === undefined) {
    throw new AuthError("SERVER_PASSWORD_MISSING", "the VNC server asks for a password and none is set", {
      safeMessage: "The desktop's VNC server asks for a password. Its owner has to set one.",
    });
  }
  await peer.write(vncAuthResponse(password, challenge));
}

async function readSecurityResult(peer: Conversation, version: RfbVersion, type: Handled): Promise<void> {
  const result = await peer.read(u32());
  if (result === SecurityResult.ok) return;
  if (result !== SecurityResult.failed && result !== SecurityResult.tooManyTries) {
    throw new ProtocolError("RFB_SECURITY_RESULT", `unknown SecurityResult ${result}`);
  }
  const reason = version === "3.8" ? await readReason(peer) : "";
  if (type === SecurityType.none || result === SecurityResult.tooManyTries) throw refusal(reason);
  throw new AuthError("SERVER_PASSWORD_WRONG", `the VNC server refused the password: ${quote(reason)}`, {
    safeMessage: "The desktop's VNC server refused the password. Its owner has to correct it.",
  });
}

/** Servers that close without the reason they owe have refused all the same. */
async function readReason(peer: Conversation): Promise<string> {
  try {
    return await peer.read(reasonString());
  } catch (error) {
    if (error instanceof PeerClosed) return "";
    throw error;
  }
}

async function readRefusal(peer: Conversation): Promise<ProtocolError> {
  return refusal(await readReason(peer));
}

/** The reason names the host at times: it is for the owner's log, never for a viewer. */
function refusal(reason: string): ProtocolError {
  return new ProtocolError("SERVER_REFUSED", `the VNC server refused the connection: ${quote(reason)}`, {
    safeMessage: "The desktop's VNC server refused the connection. Try again later.",
  });
}

function quote(reason: string): string {
  return reason === "" ? "no reason given" : JSON.stringify(reason);
}
