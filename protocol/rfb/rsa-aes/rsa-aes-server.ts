import { randomBytes, type KeyObject } from "node:crypto";
import type { Conversation } from "../../bytes/conversation.ts";
import { encodeU8 } from "../../bytes/encoders.ts";
import { confirmExchange } from "./confirm-exchange.ts";
import { credentials, RsaAesSubtype, type RsaAesCredentials } from "./credentials.ts";
import { rsaPublicKey, type RsaPublicKey } from "./public-key.ts";
import { decryptRandom, encryptedRandom, encryptRandom } from "./random-exchange.ts";
import type { SealedChannel } from "./sealed-channel.ts";
import { describeRsaAes, type RsaAesType } from "./variants.ts";

/** A server's own key. */
export interface RsaServerKey {
  readonly privateKey: KeyObject;
  readonly publicKey: RsaPublicKey;
}

/** The two costly steps of a key agreement, which a server may do in another thread. */
export interface RsaOperations {
  /** @see encryptRandom */
  encrypt(clientKey: RsaPublicKey, random: Buffer): Promise<Buffer>;
  /** @see decryptRandom */
  decrypt(encrypted: Buffer, length: number): Promise<Buffer>;
}

/** Does them in this thread, at once. */
function computeHere({ privateKey }: RsaServerKey): RsaOperations {
  return {
    encrypt: (clientKey, random) => Promise.resolve(encryptRandom(clientKey, random)),
    decrypt: (encrypted, length) => Promise.resolve(decryptRandom(privateKey, encrypted, length)),
  };
}

/**
 * Acts as the server towards a viewer that has chosen an RSA-AES type, up to the request for its password. A
 * person may be comparing the key's fingerprint meanwhile, so this may take long.
 * @throws LimitError `RSA_AES_KEY_SIZE`, `LENGTH_LIMIT`; ProtocolError `RSA_AES_KEY`, `RSA_AES_RANDOM`,
 *   `RSA_AES_RECORD`, `RSA_AES_HASH`
 */
export async function exchangeKeysWithViewer(
  peer: Conversation,
  type: RsaAesType,
  serverKey: RsaServerKey,
  operations = computeHere(serverKey),
  asked: RsaAesSubtype = RsaAesSubtype.password,
): Promise<SealedChannel> {
  const { publicKey } = serverKey;
  const variant = describeRsaAes(type);
  await peer.write(publicKey.wire);
  const clientKey = await peer.read(rsaPublicKey());
  const serverRandom = randomBytes(variant.keyBytes);
  await peer.write(await operations.encrypt(clientKey, serverRandom));
  const encrypted = await peer.read(encryptedRandom(publicKey.bytes));
  const clientRandom = await operations.decrypt(encrypted, variant.keyBytes);
  const exchanged = { variant, serverKey: publicKey, clientKey, serverRandom, clientRandom };
  const channel = await confirmExchange(peer, "server", exchanged);
  await channel.write(peer, encodeU8(asked));
  return channel;
}

/**
 * The viewer's credentials. From here on the conversation is encrypted, or in
 * clear again, as the type says.
 * @throws ProtocolError `RSA_AES_RECORD`, LimitError `LENGTH_LIMIT`
 */
export async function readViewerCredentials(
  peer: Conversation,
  type: RsaAesType,
  channel: SealedChannel,
): Promise<RsaAesCredentials> {
  const login = await channel.read(peer, credentials());
  await channel.finish(peer, describeRsaAes(type));
  return login;
}
