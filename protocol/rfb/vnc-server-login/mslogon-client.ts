import { randomBytes } from "node:crypto";
import type { Conversation } from "../../bytes/conversation.ts";
import { bytes, type Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { encodeCredentialField } from "./credential-field.ts";
import { encryptBlock, makeKeySchedule } from "../vnc-auth/des.ts";
import { encodeNumber, raiseModulo, readNumber } from "./modular-power.ts";
import { encodePassword, type ServerLogin } from "./server-login.ts";
import { DES_BLOCK_BYTES, reverseKeyBits } from "../vnc-auth/vnc-auth.ts";

const NUMBER_BYTES = 8;
const USER_BYTES = 256;
const PASSWORD_BYTES = 64;

/**
 * MSLogonII, up to SecurityResult. Its 64-bit Diffie-Hellman and single DES protect nothing. It is for
 * servers that offer nothing better, over a connection that is already secure.
 *
 *    S  generator (8) · modulus (8) · public key (8)
 *    C  public key (8) · user (256) · password (64), both in DES-CBC, key and IV the shared secret
 *
 * @throws ProtocolError `SERVER_KEY_EXCHANGE`; AuthError `SERVER_PASSWORD_WRONG` for what does not fit its
 *   field
 */
export async function logInWithMsLogon(peer: Conversation, login: ServerLogin): Promise<void> {
  const { generator, modulus, publicKey } = await peer.read(readOffer());
  const own = readNumber(randomBytes(NUMBER_BYTES)) % modulus;
  const secret = encodeNumber(raiseModulo(publicKey, own, modulus), NUMBER_BYTES);
  await peer.write(
    Buffer.concat([
      encodeNumber(raiseModulo(generator, own, modulus), NUMBER_BYTES),
      encryptCbc(secret, encodeCredentialField(login.user ?? "", USER_BYTES, "user name")),
      encryptCbc(secret, encodeCredentialField(encodePassword(login), PASSWORD_BYTES, "password")),
    ]),
  );
}

function* readOffer(): Grammar<{ generator: bigint; modulus: bigint; publicKey: bigint }> {
  const generator = readNumber(yield* bytes(NUMBER_BYTES));
  const modulus = readNumber(yield* bytes(NUMBER_BYTES));
  const publicKey = readNumber(yield* bytes(NUMBER_BYTES));
  if (modulus < 3n) throw new ProtocolError("SERVER_KEY_EXCHANGE", "the VNC server's modulus is of no use");
  return { generator, modulus, publicKey };
}

/** DES-CBC. As everywhere in VNC, the bits of each byte of the key are reversed; those of the IV are not. */
function encryptCbc(secret: Buffer, plain: Buffer): Buffer {
  const schedule = makeKeySchedule(reverseKeyBits(secret));
  const out = Buffer.from(plain);
  let previous = secret;
  for (let at = 0; at < out.length; at += DES_BLOCK_BYTES) {
    for (let i = 0; i < DES_BLOCK_BYTES; i++) out[at + i] = (out[at + i] ?? 0) ^ (previous[i] ?? 0);
    encryptBlock(schedule, out, out, at);
    previous = out.subarray(at, at + DES_BLOCK_BYTES);
  }
  return out;
}
