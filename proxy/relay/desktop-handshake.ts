import type { Duplex } from "node:stream";
import {
  Conversation,
  encodeClientInit,
  encodeServerInit,
  isPosternError,
  PeerClosed,
  serverInit,
  TimeoutError,
  type Clock,
  type PixelFormat,
  type ServerInit,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { DesktopFailure, type EndCause } from "./end-cause.ts";

export interface DesktopHandshakeResult {
  /** ServerInit as the viewer may see it, under the published name. */
  readonly init: Buffer;
  readonly pixelFormat: PixelFormat;
  /** The same, readable. */
  readonly screen: ServerInit;
}

/**
 * Takes a connection from ClientInit past ServerInit. Always shared: whether others may stay
 * is not the viewer's to decide. Some VNC servers ask the person at the desktop before ServerInit.
 * @throws DesktopFailure
 */
export async function performDesktopHandshake(
  server: Duplex,
  publishedName: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<DesktopHandshakeResult> {
  const limits = { deadlineMs: PROXY_LIMITS.attendedMs, maxBytes: PROXY_LIMITS.serverInitBytes };
  const peer = new Conversation(server, limits, clock, signal);
  try {
    await peer.write(encodeClientInit(true));
    const init = await peer.read(serverInit());
    const screen = { ...init, name: publishedName };
    return { init: encodeServerInit(screen), pixelFormat: init.pixelFormat, screen };
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DesktopFailure(toDesktopEndCause(error), error);
  } finally {
    peer.release();
  }
}

function toDesktopEndCause(error: unknown): EndCause {
  if (error instanceof PeerClosed) return "DESKTOP_ENDED";
  if (error instanceof TimeoutError) return "HOST_TIMEOUT";
  return isPosternError(error) ? "DESKTOP_PROTOCOL" : "INTERNAL";
}
