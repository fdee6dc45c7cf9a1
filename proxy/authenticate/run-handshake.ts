import { Conversation, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";

/** A conversation with a viewer; its unread bytes return to the stream in every case. */
export async function runHandshake<T>(
  viewer: AcceptedViewer,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
  talk: (peer: Conversation) => Promise<T>,
): Promise<T> {
  const limits = { deadlineMs, maxBytes: PROXY_LIMITS.rfbHandshakeBytes };
  const peer = new Conversation(viewer.stream, limits, clock, signal);
  try {
    return await talk(peer);
  } finally {
    peer.release();
  }
}
