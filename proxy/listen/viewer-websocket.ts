import { WebSocket } from "ws";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/** What a page reads when `ws` closes by itself, by close code. @see RFC 6455 §7.4.1 */
const REASONS: Readonly<Record<number, string>> = {
  1002: "A frame was no valid WebSocket frame.",
  1008: "A message came in too many pieces.",
  1009: `A message was longer than ${PROXY_LIMITS.webSocketMessageBytes / 2 ** 20} MiB.`,
};

/** A WebSocket that says why it is closed, also where `ws` gives no reason. */
export class ViewerWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason ?? (code === undefined ? undefined : REASONS[code]));
  }
}
