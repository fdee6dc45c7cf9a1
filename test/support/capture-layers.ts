import { type Bytes, type KeyLog, openTls } from "./capture-tls.ts";
import { openWebSocket } from "./capture-websocket.ts";

/** What one layer of a connection said, in clear. */
export interface Layer extends Bytes {
  readonly name: "plain" | "before TLS" | "TLS handshake" | "HTTP upgrade";
}

/**
 * Everything that a connection carried, whatever it was wrapped in, ciphertext left out: TLS, WebSocket, and TLS in
 * WebSocket again.
 */
export function openLayers(bytes: Bytes, keys: KeyLog): Layer[] {
  const tls = openTls(bytes, keys);
  if (tls) {
    const inside = openLayers(tls.data, keys);
    return [{ name: "before TLS", ...tls.before }, { name: "TLS handshake", ...tls.handshake }, ...inside];
  }
  const webSocket = openWebSocket(bytes);
  if (webSocket)
    return [{ name: "HTTP upgrade", ...webSocket.upgrade }, ...openLayers(webSocket.messages, keys)];
  return [{ name: "plain", ...bytes }];
}

export function joinLayers(layers: readonly Layer[], side: keyof Bytes): Buffer {
  return Buffer.concat(layers.map((layer) => layer[side]));
}
