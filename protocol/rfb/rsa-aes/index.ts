export { describeRsaAes, isRsaAes, RSA_AES_TYPES, type RsaAesType } from "./variants.ts";
export { describeRsaKey, formatKeyFingerprint } from "./public-key.ts";
export { exchangeKeysWithViewer, readViewerCredentials, type RsaServerKey } from "./rsa-aes-server.ts";
export { logInWithRsaAes } from "./rsa-aes-client.ts";
