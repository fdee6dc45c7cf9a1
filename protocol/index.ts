export * from "./errors.ts";
export * from "./clock.ts";
export * from "./keyed-queue.ts";
export * from "./typed-event-emitter.ts";
export * from "./backoff.ts";
export * from "./host-port.ts";
export * from "./fold-name.ts";
export * from "./fold-group-name.ts";
export * from "./tcp-retransmissions.ts";
export * from "./bytes/grammar.ts";
export * from "./bytes/json-structure.ts";
export * from "./bytes/encoders.ts";
export * from "./bytes/conversation.ts";
export * from "./bytes/frame-channel.ts";
export * from "./bytes/frame-decoder.ts";
export * from "./bytes/pipe.ts";
export { WebSocketStream } from "./bytes/websocket-stream.ts";
export { MAX_HIGH_WATER_BYTES, MIN_HIGH_WATER_BYTES } from "./bytes/high-water-mark.ts";
export * from "./mip2/frames.ts";
export * from "./mip2/names.ts";
export * from "./mip2/transport-names.ts";
export * from "./mip2/setup-codes.ts";
export * from "./mip2/machine-state.ts";
export * from "./mip2/frame-schemas.ts";
export * from "./mip2/disk-methods.ts";
export * from "./mip2/image-summary.ts";
export * from "./mip2/machine-hardware.ts";
export * from "./mip2/image-entry.ts";
export * from "./mip2/image-methods.ts";
export { extractImageSummary } from "./mip2/extract-image-summary.ts";
export * from "./mip2/host-methods.ts";
export { machineDesktopNames, sharesDesktopNames } from "./mip2/desktop-names.ts";
export * from "./mip2/proof.ts";
export * as mip1 from "./mip1/mip1-messages.ts";
export * from "./rfb/protocol-version.ts";
export * from "./rfb/security-types.ts";
export * from "./rfb/security-result.ts";
export * from "./rfb/viewer-login/viewer-handshake.ts";
export * from "./rfb/viewer-login/vencrypt-server.ts";
export { VeNCryptType } from "./rfb/vencrypt-types.ts";
export * from "./rfb/repeater-request.ts";
export * from "./rfb/vnc-server-login/server-handshake.ts";
export {
  OtherSecurityType,
  type ServerLoginResult,
  type ServerLogin,
  type TlsKind,
} from "./rfb/vnc-server-login/server-login.ts";
export {
  MAX_TIGHT_CAPABILITIES,
  MAX_TIGHT_CHOICES,
  tightServerInit,
} from "./rfb/vnc-server-login/tight-client.ts";
export { APPLE_DH_MAX_BYTES, APPLE_DH_MIN_BYTES } from "./rfb/vnc-server-login/apple-dh-client.ts";
export * from "./rfb/rsa-aes/index.ts";
export * from "./rfb/pixel-format.ts";
export * from "./rfb/server-init.ts";
export * from "./rfb/screen-rectangles.ts";
export * from "./rfb/encodings.ts";
export * from "./rfb/typed-keys.ts";
export * from "./rfb/picture/canvas.ts";
export { findGlyph, GLYPH_ROWS, SMOOTH_ADVANCE } from "./rfb/picture/bitmap-font.ts";
export * from "./rfb/picture/encode-update.ts";
export * from "./rfb/picture/pixel-writer.ts";
export * from "./rfb/picture/tiles.ts";
export * from "./rfb/client-stream/client-permissions.ts";
export * from "./rfb/client-stream/client-messages.ts";
export * from "./rfb/client-stream/set-encodings.ts";
export * from "./rfb/client-stream/client-filter.ts";
export { PixelFormatTracker, MAX_FORMAT_CHANGES } from "./rfb/server-stream/pixel-format-tracker.ts";
export { ServerFilter } from "./rfb/server-stream/server-filter.ts";
export { SERVER_STREAM_LIMITS } from "./rfb/server-stream/skip-grammar.ts";
export { vncAuthResponse, CHALLENGE_BYTES } from "./rfb/vnc-auth/vnc-auth.ts";
export * from "./tokens/generate.ts";
export * from "./tokens/derive-mip1-token.ts";
export * from "./tokens/match-response.ts";
