import { isPosternError, PeerClosed, TimeoutError } from "../../protocol/index.ts";
import type { EndCause } from "../pair/session-state.ts";
import { Refusal } from "../refusals.ts";
import { DesktopFailure } from "./enter-desktop.ts";

/** The cause of a session's end that an error before the relay stands for. */
export function nameEnd(error: unknown): EndCause {
  if (error instanceof Refusal) return error.refusal;
  if (error instanceof DesktopFailure) return error.endCause;
  if (error instanceof PeerClosed) return "VIEWER_LEFT";
  if (error instanceof TimeoutError) return "HANDSHAKE_TIMEOUT";
  return isPosternError(error) ? "VIEWER_PROTOCOL" : "INTERNAL";
}
