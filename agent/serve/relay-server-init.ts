import type { Duplex } from "node:stream";
import { bytes, Conversation, encodeServerInit, tightServerInit, type Clock } from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";

/**
 * Forwards ClientInit to a VNC server and its ServerInit back, without the capabilities that follow it after
 * Tight security: the reader of the data connection sees an ordinary server. Afterwards both streams are
 * positioned directly behind that.
 * @throws PeerClosed, TimeoutError, LimitError, ProtocolError; the caller owns both streams
 */
export async function relayServerInit(
  data: Duplex,
  vncServer: Duplex,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const limits = { deadlineMs: AGENT_LIMITS.serverInitMs, maxBytes: AGENT_LIMITS.serverInitBytes };
  const viewer = new Conversation(data, limits, clock, signal);
  const peer = new Conversation(vncServer, limits, clock, signal);
  try {
    await peer.write(await viewer.read(bytes(1)));
    await viewer.write(encodeServerInit(await peer.read(tightServerInit())));
  } finally {
    viewer.release();
    peer.release();
  }
}
