export { RsaAesSubtype } from "./credentials.ts";
export { describeRsaAes, isRsaAes, RSA_AES_TYPES, type RsaAesType } from "./variants.ts";
export { describeRsaKey, formatKeyFingerprint, rsaPublicKey } from "./public-key.ts";
export { decryptRandom, encryptRandom } from "./random-exchange.ts";
export {
  exchangeKeysWithViewer,
  readViewerCredentials,
  type RsaOperations,
  type RsaServerKey,
} from "./rsa-aes-server.ts";
export { logInWithRsaAes } from "./rsa-aes-client.ts";
