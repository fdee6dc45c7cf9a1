export { describeRsaAes, isRsaAes, RSA_AES_TYPES, type RsaAesType } from "./variants.ts";
export { describeRsaKey, formatKeyFingerprint, type RsaPublicKey } from "./public-key.ts";
export { agreeWithViewer, readViewerLogin, type RsaServerKey } from "./with-viewer.ts";
export { loginByRsaAes } from "./with-server.ts";
export type { SealedChannel } from "./sealed-channel.ts";
