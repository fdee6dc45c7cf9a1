import type { Socket } from "node:net";
import { Conversation, type Clock } from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { Source } from "../admit/source.ts";
import { proxyHeader } from "./proxy-header.ts";

/**
 * Reads the PROXY protocol header that a forwarder has to begin with; what follows it stays in the socket.
 * @returns the client's address; null: the forwarder speaks for itself
 * @throws ProtocolError `PROXY_HEADER`, PeerClosed, TimeoutError, LimitError
 */
export async function readForwardedSource(socket: Socket, clock: Clock): Promise<Source | null> {
  const limits = { deadlineMs: LIMITS.tlsHandshakeMs, maxBytes: LIMITS.proxyHeaderBytes };
  const peer = new Conversation(socket, limits, clock);
  try {
    return await peer.read(proxyHeader());
  } finally {
    peer.release();
  }
}
