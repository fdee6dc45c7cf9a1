import type { Duplex } from "node:stream";
import { PeerClosed } from "../../protocol/index.ts";

/**
 * A signal that aborts when a peer that has nothing to say now goes away, or when `signal` does. What the
 * peer sends meanwhile stays unread.
 */
export function abortOnDisconnect(
  stream: Duplex,
  signal: AbortSignal,
): { readonly signal: AbortSignal; stop(): void } {
  const gone = new AbortController();
  const onGone = (): void => {
    gone.abort(new PeerClosed("PEER_CLOSED", "the viewer left"));
  };
  // A read of 0 bytes lets a pending end be emitted.
  const onReadable = (): void => {
    stream.read(0);
  };
  stream.on("readable", onReadable);
  stream.on("end", onGone);
  stream.on("close", onGone);
  if (stream.readableEnded || stream.destroyed) onGone();
  return {
    signal: AbortSignal.any([signal, gone.signal]),
    stop: () => {
      stream.off("readable", onReadable);
      stream.off("end", onGone);
      stream.off("close", onGone);
    },
  };
}
