import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  Conversation,
  logInToServer,
  isPosternError,
  TimeoutError,
  type Clock,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";

/**
 * A data connection carries the VNC server's bytes from its ProtocolVersion on: this plays the viewer until the server
 * stands at ClientInit. MiP 1 has no password, so the server must not ask for one.
 * @throws ViewerRefusal `HOST_TIMEOUT`, `DESKTOP_UNREACHABLE`, or what `connection` rejects with
 */
export async function performMip1DesktopHandshake(
  connection: Promise<Duplex>,
  signal: AbortSignal,
  clock: Clock,
  log: Logger,
): Promise<Duplex> {
  const stream = await connection;
  const limits = { deadlineMs: PROXY_LIMITS.rfbHandshakeMs, maxBytes: PROXY_LIMITS.rfbHandshakeBytes };
  const peer = new Conversation(stream, limits, clock, signal);
  try {
    await logInToServer(peer, {});
    return peer.release();
  } catch (error) {
    peer.release();
    stream.destroy();
    if (signal.aborted) throw error;
    const code = isPosternError(error) ? error.code : "INTERNAL";
    log.warn({ event: "pairing.refused", code }, "a MiP 1 agent's VNC server cannot be entered");
    if (error instanceof TimeoutError) throw new ViewerRefusal("HOST_TIMEOUT");
    throw new ViewerRefusal("DESKTOP_UNREACHABLE");
  }
}
