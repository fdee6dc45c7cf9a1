import { type BothDirections, type KeyLog, decryptTls } from "./tls-decryption.ts";
import { parseWebSocket } from "./websocket-parser.ts";

/** What one layer of a connection said, in clear. */
export interface ConnectionLayer extends BothDirections {
  readonly name: "plain" | "before TLS" | "TLS handshake" | "HTTP upgrade";
}

/**
 * Everything that a connection carried, whatever it was wrapped in, ciphertext left out: TLS, WebSocket, and TLS in
 * WebSocket again.
 */
export function openLayers(bytes: BothDirections, keys: KeyLog): ConnectionLayer[] {
  const tls = decryptTls(bytes, keys);
  if (tls) {
    const inside = openLayers(tls.data, keys);
    return [{ name: "before TLS", ...tls.before }, { name: "TLS handshake", ...tls.handshake }, ...inside];
  }
  const webSocket = parseWebSocket(bytes);
  if (webSocket)
    return [{ name: "HTTP upgrade", ...webSocket.upgrade }, ...openLayers(webSocket.messages, keys)];
  return [{ name: "plain", ...bytes }];
}

export function joinLayers(layers: readonly ConnectionLayer[], side: keyof BothDirections): Buffer {
  return Buffer.concat(layers.map((layer) => layer[side]));
}
