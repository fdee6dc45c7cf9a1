import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import { PeerClosed, ProtocolError, TimeoutError, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";

/** TLS that begins in the middle of a connection, where we are the server. */
export interface TlsStart {
  /** Owns the connection from now on. */
  readonly socket: TLSSocket;
  /**
   * Settles when the handshake is over; when it fails the connection is closed.
   * Rejects with ProtocolError `TLS_HANDSHAKE`, PeerClosed `PEER_CLOSED`, TimeoutError `TLS_TIMEOUT`, or the signal's reason
   */
  readonly secured: Promise<void>;
}

/** Unread bytes in `raw` are the beginning of the handshake. */
export function startTls(
  raw: Socket,
  secureContext: SecureContext,
  clock: Clock,
  signal: AbortSignal,
): TlsStart {
  const socket = new TLSSocket(raw, { isServer: true, secureContext });
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  const secured = new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      cancel();
      socket.off("secure", onSecure);
      socket.off("error", onError);
      socket.off("end", onClose);
      socket.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (!error) {
        resolve();
        return;
      }
      socket.destroy();
      reject(error);
    };
    const onSecure = (): void => {
      settle();
    };
    const onError = (cause: Error): void => {
      settle(
        new ProtocolError("TLS_HANDSHAKE", `the viewer's TLS handshake failed: ${cause.message}`, { cause }),
      );
    };
    const onClose = (): void => {
      settle(new PeerClosed("PEER_CLOSED", "the viewer left during the TLS handshake"));
    };
    const onAbort = (): void => {
      settle(signal.reason instanceof Error ? signal.reason : new PeerClosed("ABORTED", "given up"));
    };
    const cancel = clock.after(PROXY_LIMITS.tlsHandshakeMs, () => {
      settle(new TimeoutError("TLS_TIMEOUT", `no TLS handshake within ${PROXY_LIMITS.tlsHandshakeMs} ms`));
    });
    socket.on("secure", onSecure);
    socket.on("error", onError);
    // With half-open connections a peer that has ended is not closed yet.
    socket.on("end", onClose);
    socket.on("close", onClose);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
  return { socket, secured };
}
