import { Conversation, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Viewer } from "../admit/viewer.ts";

/** A conversation with a viewer that is given back, whatever happens. */
export async function converse<T>(
  viewer: Viewer,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
  talk: (peer: Conversation) => Promise<T>,
): Promise<T> {
  const limits = { deadlineMs, maxBytes: LIMITS.rfbHandshakeBytes };
  const peer = new Conversation(viewer.stream, limits, clock, signal);
  try {
    return await talk(peer);
  } finally {
    peer.release();
  }
}
