import { encodeU16, encodeU32, encodeU8 } from "../../bytes/encoders.ts";
import { bytes, checkLength, u16, u32, type Grammar } from "../../bytes/grammar.ts";
import type { Conversation } from "../../bytes/conversation.ts";
import { ProtocolError } from "../../errors.ts";
import type { VeNCryptType } from "../vencrypt-types.ts";

const VERSION_0_2 = 0x0002;
const VERSION_REFUSED = 0xff;
const SUB_TYPE_REFUSED = 0;
const SUB_TYPE_ACCEPTED = 1;
/** The longest user name or password accepted, in bytes. */
export const MAX_CREDENTIAL_BYTES = 1024;

/**
 * The server's side of VeNCrypt 0.2 up to the start of TLS: version, offer, choice, and the byte that accepts
 * the choice. The viewer's next byte belongs to its ClientHello.
 * @throws ProtocolError `RFB_VENCRYPT_VERSION`, `RFB_VENCRYPT_SUB_TYPE`, after the viewer was informed
 */
export async function negotiateVeNCrypt(
  peer: Conversation,
  offered: readonly VeNCryptType[],
): Promise<VeNCryptType> {
  await peer.write(encodeU16(VERSION_0_2));
  const version = await peer.read(u16());
  if (version !== VERSION_0_2) {
    await peer.write(encodeU8(VERSION_REFUSED));
    throw new ProtocolError(
      "RFB_VENCRYPT_VERSION",
      `the viewer wants VeNCrypt ${version >> 8}.${version & 0xff}`,
    );
  }
  await peer.write(Buffer.concat([Buffer.of(0, offered.length), ...offered.map(encodeU32)]));
  const chosen = await peer.read(u32());
  const subType = offered.find((candidate) => candidate === chosen);
  if (subType === undefined) {
    await peer.write(encodeU8(SUB_TYPE_REFUSED));
    throw new ProtocolError(
      "RFB_VENCRYPT_SUB_TYPE",
      `the viewer chose VeNCrypt sub-type ${chosen}, which was not offered`,
    );
  }
  await peer.write(encodeU8(SUB_TYPE_ACCEPTED));
  return subType;
}

export interface PlainCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * User name and password as the Plain sub-types send them, inside TLS: both lengths, then both texts (UTF-8).
 * @throws LimitError `LENGTH_LIMIT`
 */
export function* plainCredentials(): Grammar<PlainCredentials> {
  const userLength = yield* u32();
  const passwordLength = yield* u32();
  checkLength(userLength, MAX_CREDENTIAL_BYTES, "user name");
  checkLength(passwordLength, MAX_CREDENTIAL_BYTES, "password");
  const user = (yield* bytes(userLength)).toString("utf8");
  const password = (yield* bytes(passwordLength)).toString("utf8");
  return { user, password };
}
