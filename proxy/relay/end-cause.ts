import { isPosternError, PeerClosed, TimeoutError } from "../../protocol/index.ts";
import { ViewerRefusal, type RefusalCode } from "../model/viewer-refusal.ts";

/** Why a session ended; the first cause wins. */
export type EndCause =
  | RefusalCode
  | "VIEWER_LEFT"
  | "VIEWER_LOST"
  | "VIEWER_PROTOCOL"
  | "HANDSHAKE_TIMEOUT"
  | "DESKTOP_ENDED"
  | "DESKTOP_LOST"
  | "DESKTOP_PROTOCOL";

/** The desktop's side failed after the viewer was accepted: RFB cannot carry a reason any more. */
export class DesktopFailure extends Error {
  readonly endCause: EndCause;

  constructor(endCause: EndCause, cause: unknown) {
    super(`the desktop failed: ${endCause}`, { cause });
    this.endCause = endCause;
  }
}

/** The cause of a session's end for an error before the relay. */
export function toEndCause(error: unknown): EndCause {
  if (error instanceof ViewerRefusal) return error.refusalCode;
  if (error instanceof DesktopFailure) return error.endCause;
  if (error instanceof PeerClosed) return "VIEWER_LEFT";
  if (error instanceof TimeoutError) return "HANDSHAKE_TIMEOUT";
  return isPosternError(error) ? "VIEWER_PROTOCOL" : "INTERNAL";
}

const CLOSE_CODES: Partial<Record<EndCause, number>> = {
  VIEWER_PROTOCOL: 1002,
  HANDSHAKE_TIMEOUT: 1008,
  DESKTOP_LOST: 1011,
  DESKTOP_PROTOCOL: 1011,
  HOST_TIMEOUT: 1011,
  INTERNAL: 1011,
  SERVER_STOPPING: 1001,
};

/** The WebSocket close code of a session that ended so; refusals carry their own. @see RFC 6455 §7.4.1 */
export function chooseCloseCode(cause: EndCause): number {
  return CLOSE_CODES[cause] ?? 1000;
}
