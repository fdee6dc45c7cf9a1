import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import { PeerClosed, ProtocolError, TimeoutError, type Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { awaitClientHello } from "./client-hello.ts";

export interface TlsStartOptions {
  readonly certificate: () => SecureContext;
  /** Runs the handshake when it is this connection's turn. */
  readonly enqueue: (start: () => void) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * TLS that begins in the middle of a connection, where we are the server. Unread bytes in `raw` are the beginning of the
 * handshake. Resolves when the handshake is over; the socket owns the connection then. When it fails the connection is closed.
 * @throws ProtocolError `TLS_HANDSHAKE`, PeerClosed `PEER_CLOSED`, TimeoutError `TLS_TIMEOUT`, or the signal's reason
 */
export function startTls(
  raw: Socket,
  { certificate, enqueue, clock, signal }: TlsStartOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let socket: TLSSocket | undefined;
    let settled = false;
    const settle = (error?: Error): void => {
      if (settled) return;
      settled = true;
      cancel();
      socket?.off("secure", onSecure);
      socket?.off("error", onError);
      socket?.off("end", onClose);
      socket?.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (!error && socket) {
        resolve(socket);
        return;
      }
      (socket ?? raw).destroy();
      reject(error ?? new PeerClosed("PEER_CLOSED", "no TLS"));
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
    const start = (): void => {
      if (settled) return;
      if (raw.destroyed) {
        onClose();
        return;
      }
      socket = new TLSSocket(raw, { isServer: true, secureContext: certificate() });
      socket.on("error", () => undefined);
      socket.setNoDelay(true);
      socket.on("secure", onSecure);
      socket.on("error", onError);
      // With half-open connections a peer that has ended is not closed yet.
      socket.on("end", onClose);
      socket.on("close", onClose);
    };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) {
      onAbort();
      return;
    }
    awaitClientHello(raw, clock, (offered) => {
      if (offered === null) onClose();
      else enqueue(start);
    });
  });
}
