import type { WebSocket } from "ws";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/** What a WebSocket may hold in memory before its peer has authenticated: a handshake needs little, and the peer chooses how much. */
export const PRE_AUTH_WEBSOCKET = {
  maxFragments: PROXY_LIMITS.preAuthFragments,
  maxBufferedChunks: PROXY_LIMITS.preAuthChunks,
} as const;

/** The members of `ws`' receiver that hold its limits: it reads them for each frame, and offers no other way to change them. */
interface Receiver {
  _maxPayload: number;
  _maxFragments: number;
  _maxBufferedChunks: number;
}

/** The peer has authenticated: from now on a message may be as large as RFB needs. */
export function allowWholeMessages(webSocket: WebSocket): void {
  const { _receiver: receiver } = webSocket as unknown as { readonly _receiver?: Receiver | null };
  if (!receiver) return;
  receiver._maxPayload = PROXY_LIMITS.webSocketMessageBytes;
  receiver._maxFragments = PROXY_LIMITS.webSocketFragments;
  receiver._maxBufferedChunks = PROXY_LIMITS.webSocketChunks;
}
