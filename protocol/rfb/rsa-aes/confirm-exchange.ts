import { createHash, timingSafeEqual } from "node:crypto";
import { bytes } from "../../bytes/grammar.ts";
import type { Conversation } from "../../bytes/conversation.ts";
import { ProtocolError } from "../../errors.ts";
import type { RsaPublicKey } from "./public-key.ts";
import { SealedChannel } from "./sealed-channel.ts";
import type { RsaAesVariant } from "./variants.ts";

/** What both sides know after public keys and random numbers were exchanged. */
export interface KeyExchange {
  readonly variant: RsaAesVariant;
  readonly serverKey: RsaPublicKey;
  readonly clientKey: RsaPublicKey;
  readonly serverRandom: Buffer;
  readonly clientRandom: Buffer;
}

/**
 * Derives the session's keys. Each side proves that it has them and saw the same public keys.
 * @throws ProtocolError `RSA_AES_RECORD`, `RSA_AES_HASH`
 */
export async function confirmExchange(
  peer: Conversation,
  role: "server" | "client",
  { variant, serverKey, clientKey, serverRandom, clientRandom }: KeyExchange,
): Promise<SealedChannel> {
  const hash = (...parts: readonly Buffer[]): Buffer =>
    createHash(variant.digest).update(Buffer.concat(parts)).digest();
  const toServer = hash(serverRandom, clientRandom).subarray(0, variant.keyBytes);
  const toClient = hash(clientRandom, serverRandom).subarray(0, variant.keyBytes);
  const ofServer = hash(serverKey.wire, clientKey.wire);
  const ofClient = hash(clientKey.wire, serverKey.wire);
  const [send, receive, ours, theirs] =
    role === "server" ? [toClient, toServer, ofServer, ofClient] : [toServer, toClient, ofClient, ofServer];
  const channel = new SealedChannel(send, receive);
  await channel.write(peer, ours);
  const said = await channel.read(peer, bytes(theirs.length));
  if (!timingSafeEqual(said, theirs)) {
    throw new ProtocolError("RSA_AES_HASH", "the two sides have not seen the same RSA keys");
  }
  return channel;
}
