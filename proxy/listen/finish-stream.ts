import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/**
 * Ends a stream so that the other side can still take what was written: unread bytes are discarded
 * (they would make TCP reset the connection), and after a moment it is cut.
 */
export function finishStream(stream: Duplex, clock: Clock): void {
  if (stream.destroyed) return;
  const destroy = (): void => {
    stream.destroy();
  };
  const cancel = clock.after(PROXY_LIMITS.lingerMs, destroy);
  stream.once("close", cancel);
  if (stream.readableEnded && stream.writableFinished) {
    destroy();
    return;
  }
  if (stream.readableEnded) stream.once("finish", destroy);
  else stream.once("end", destroy);
  stream.end();
  stream.resume();
}
