import { generateKeyPair, randomBytes, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Conversation } from "../../bytes/conversation.ts";
import { u8 } from "../../bytes/grammar.ts";
import { AuthError, ProtocolError } from "../../errors.ts";
import { confirmExchange } from "./confirm-exchange.ts";
import { encodeCredentials, MAX_RSA_AES_CREDENTIAL_BYTES, RsaAesSubtype } from "./credentials.ts";
import { describeRsaKey, rsaPublicKey } from "./public-key.ts";
import { decryptRandom, encryptedRandom, encryptRandom } from "./random-exchange.ts";
import { describeRsaAes, type RsaAesType } from "./variants.ts";

const KEY_BITS = 2_048;

const generate = promisify(generateKeyPair);

/** Asynchronous, in a thread of its own, because it is slow. */
async function generateKey(): Promise<KeyObject> {
  return (await generate("rsa", { modulusLength: KEY_BITS })).privateKey;
}

/**
 * Acts as the viewer towards a VNC server with an RSA-AES type, until the server's SecurityResult. The
 * conversation continues encrypted if the type says so. The key of this side is used for one login only, so
 * that a recorded session stays secret if the server's key leaks.
 * @throws LimitError `RSA_AES_KEY_SIZE`, `LENGTH_LIMIT`; ProtocolError `RSA_AES_KEY`, `RSA_AES_RANDOM`,
 *   `RSA_AES_RECORD`, `RSA_AES_HASH`, `RSA_AES_SUBTYPE`; AuthError `SERVER_PASSWORD_MISSING`,
 *   `SERVER_USER_MISSING`, `SERVER_PASSWORD_WRONG`
 */
export async function logInWithRsaAes(
  peer: Conversation,
  type: RsaAesType,
  login: { readonly user?: string; readonly password?: Buffer | string },
  makeKey: () => Promise<KeyObject> = generateKey,
): Promise<void> {
  const { user } = login;
  const password = checkLogin(login);
  const variant = describeRsaAes(type);
  const serverKey = await peer.read(rsaPublicKey());
  const privateKey = await makeKey();
  const clientKey = describeRsaKey(privateKey);
  const clientRandom = randomBytes(variant.keyBytes);
  await peer.write(Buffer.concat([clientKey.wire, encryptRandom(serverKey, clientRandom)]));
  const encrypted = await peer.read(encryptedRandom(clientKey.bytes));
  const serverRandom = decryptRandom(privateKey, encrypted, variant.keyBytes);
  const exchanged = { variant, serverKey, clientKey, serverRandom, clientRandom };
  const channel = await confirmExchange(peer, "client", exchanged);
  const subtype = await channel.read(peer, u8());
  const username = chooseUser(subtype, user);
  await channel.write(peer, encodeCredentials(username, password));
  await channel.finish(peer, variant);
}

function chooseUser(subtype: number, user: string | undefined): string {
  if (subtype === RsaAesSubtype.password) return "";
  if (subtype !== RsaAesSubtype.userAndPassword) {
    throw new ProtocolError("RSA_AES_SUBTYPE", `unknown RSA-AES sub-type ${subtype}`);
  }
  if (user !== undefined) return user;
  throw new AuthError("SERVER_USER_MISSING", "the VNC server asks for a user name and none is set", {
    safeMessage: "The desktop's VNC server asks for a user name. Its owner has to set one.",
  });
}

function checkLogin({ user = "", password: given }: Parameters<typeof logInWithRsaAes>[2]): Buffer {
  if (given === undefined) {
    throw new AuthError("SERVER_PASSWORD_MISSING", "the VNC server asks for a password and none is set", {
      safeMessage: "The desktop's VNC server asks for a password. Its owner has to set one.",
    });
  }
  const password = typeof given === "string" ? Buffer.from(given, "utf8") : given;
  if (Math.max(Buffer.byteLength(user), password.length) > MAX_RSA_AES_CREDENTIAL_BYTES) {
    throw new AuthError("SERVER_PASSWORD_WRONG", "user name or password is longer than RSA-AES can carry", {
      safeMessage: "The desktop's VNC server refused the password. Its owner has to correct it.",
    });
  }
  return password;
}
