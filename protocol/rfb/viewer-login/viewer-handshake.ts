import { randomBytes } from "node:crypto";
import { encodeLengthPrefixed, encodeU32, encodeU8 } from "../../bytes/encoders.ts";
import { bytes, u8 } from "../../bytes/grammar.ts";
import type { Conversation } from "../../bytes/conversation.ts";
import { ProtocolError } from "../../errors.ts";
import { encodeSecurityFailure, encodeSecurityOk, hasSecurityResult } from "../security-result.ts";
import { nameSecurityType, SecurityType } from "../security-types.ts";
import { encodeProtocolVersion, protocolVersion, type RfbVersion } from "../protocol-version.ts";
import { CHALLENGE_BYTES } from "../vnc-auth/vnc-auth.ts";

/** The steps of the server's side of a handshake, towards a viewer, in the order of RFC 6143 §7.1. */

/**
 * Sends ProtocolVersion 3.8 and reads the viewer's.
 * @throws ProtocolError `RFB_VERSION`
 */
export async function exchangeVersions(peer: Conversation): Promise<RfbVersion> {
  await peer.write(encodeProtocolVersion("3.8"));
  return peer.read(protocolVersion());
}

/**
 * Offers security types and returns the viewer's choice. In 3.3 the server chooses the first offered type
 * that 3.3 has.
 * @throws ProtocolError `RFB_SECURITY_TYPE` for a choice that was not offered, after the viewer was informed
 */
export async function negotiateSecurity<Type extends number>(
  peer: Conversation,
  version: RfbVersion,
  offered: readonly Type[],
): Promise<Type> {
  if (offered.length === 0) throw new Error("at least one security type has to be offered");
  return version === "3.3" ? decideSecurity(peer, offered) : chooseSecurity(peer, version, offered);
}

async function decideSecurity<Type extends number>(
  peer: Conversation,
  offered: readonly Type[],
): Promise<Type> {
  const decided = offered.find((type) => type === SecurityType.none || type === SecurityType.vncAuth);
  if (decided === undefined) {
    const reason = "This server needs a newer viewer: RFB 3.3 has none of its security types.";
    await refuseViewer(peer, "3.3", reason);
    throw new ProtocolError("RFB_SECURITY_TYPE", "nothing that is offered exists in RFB 3.3", {
      safeMessage: reason,
    });
  }
  await peer.write(encodeU32(decided));
  return decided;
}

async function chooseSecurity<Type extends number>(
  peer: Conversation,
  version: RfbVersion,
  offered: readonly Type[],
): Promise<Type> {
  await peer.write(Buffer.of(offered.length, ...offered));
  const chosen = await peer.read(u8());
  const type = offered.find((candidate) => candidate === chosen);
  if (type !== undefined) return type;
  const reason = "The security type that was chosen is not one of those offered.";
  await peer.write(encodeSecurityFailure(version, reason));
  throw new ProtocolError(
    "RFB_SECURITY_TYPE",
    `the viewer chose security type ${nameSecurityType(chosen)}, which was not offered`,
    { safeMessage: reason },
  );
}

/**
 * Instead of {@link negotiateSecurity}: a list of length 0 (3.3: type 0) and the reason, in every version.
 */
export async function refuseViewer(peer: Conversation, version: RfbVersion, reason: string): Promise<void> {
  const invalid = version === "3.3" ? encodeU32(SecurityType.invalid) : encodeU8(SecurityType.invalid);
  await peer.write(Buffer.concat([invalid, encodeLengthPrefixed(reason)]));
}

/** VncAuth: 16 random bytes, used only once, and the viewer's 16 bytes. @see RFC 6143 §7.2.2 */
export async function challengeViewer(
  peer: Conversation,
): Promise<{ readonly challenge: Buffer; readonly response: Buffer }> {
  const challenge = randomBytes(CHALLENGE_BYTES);
  await peer.write(challenge);
  const response = Buffer.from(await peer.read(bytes(CHALLENGE_BYTES)));
  return { challenge, response };
}

/** Sends nothing if the version has no SecurityResult: after None in 3.3 and 3.7. */
export async function sendSecurityOk(peer: Conversation, version: RfbVersion, type: number): Promise<void> {
  if (hasSecurityResult(version, type)) await peer.write(encodeSecurityOk());
}

/** Only 3.8 has a reason. After None in 3.3 and 3.7 nothing can be sent at all. */
export async function sendSecurityFailure(
  peer: Conversation,
  version: RfbVersion,
  type: number,
  reason: string,
): Promise<void> {
  if (hasSecurityResult(version, type)) await peer.write(encodeSecurityFailure(version, reason));
}

/** ClientInit: one byte, 0 for an exclusive session. @see RFC 6143 §7.3.1 */
export async function readClientInit(peer: Conversation): Promise<{ readonly shared: boolean }> {
  return { shared: (await peer.read(u8())) !== 0 };
}
