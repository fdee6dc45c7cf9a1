import type { Socket } from "node:net";
import { Conversation, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import { proxyHeader } from "./proxy-header.ts";

/**
 * Reads the PROXY protocol header that a forwarder has to begin with; what follows it stays in the socket.
 * @returns the client's address; null: the forwarder speaks for itself
 * @throws ProtocolError `PROXY_HEADER`, PeerClosed, TimeoutError, LimitError
 */
export async function readForwardedSource(socket: Socket, clock: Clock): Promise<ConnectionSource | null> {
  const limits = { deadlineMs: PROXY_LIMITS.tlsHandshakeMs, maxBytes: PROXY_LIMITS.proxyHeaderBytes };
  const peer = new Conversation(socket, limits, clock);
  try {
    return await peer.read(proxyHeader());
  } finally {
    peer.release();
  }
}
