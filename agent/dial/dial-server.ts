import { PeerClosed, TimeoutError, formatHostPort, type HostPort } from "../../protocol/index.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { openTcp } from "./open-tcp.ts";
import { openWebSocket } from "./open-websocket.ts";
import { openTls, type DialedServer, type TlsVerification } from "./open-tls.ts";
import { withDeadline, type DeadlineOptions } from "./with-deadline.ts";

/** What carries the agent's TLS: TCP itself, or a WebSocket over HTTPS. */
export type Transport = "tls" | "websocket";

export interface DialOptions extends TlsVerification, DeadlineOptions {
  /** Null or absent: the server is dialled directly. */
  readonly httpProxy?: HttpProxy | null;
  /** Default: `tls`. */
  readonly transport?: Transport;
}

/**
 * Connects in order: TCP, the HTTP proxy's tunnel if there is one, the WebSocket if chosen, TLS, certificate
 * check, ALPN. The caller owns the socket.
 * @throws AuthError `TRUST_*`, `HTTP_PROXY_LOGIN`, PeerClosed `DIAL_*`, `HTTP_PROXY_*`, TimeoutError
 *   `DIAL_TIMEOUT`, `DIAL_TLS_SILENT`
 */
export function dialServer(server: HostPort, options: DialOptions): Promise<DialedServer> {
  let connected = false;
  const reasons = {
    expired: () => timedOut(server, connected),
    abandoned: () => new PeerClosed("ABORTED", "the dial was given up"),
  };
  return withDeadline(options, reasons, async (signal) => {
    const socket = await openTcp(server, options.httpProxy ?? null, signal);
    connected = true;
    const stream =
      options.transport === "websocket"
        ? await openWebSocket(socket, server, { clock: options.clock, signal })
        : socket;
    return await openTls(stream, server, options, signal);
  });
}

function timedOut(server: HostPort, connected: boolean): TimeoutError {
  const name = formatHostPort(server);
  const sentence = connected
    ? `${name} took the connection but did not finish the TLS handshake in time.`
    : `${name} did not answer in time.`;
  return TimeoutError.public(connected ? "DIAL_TLS_SILENT" : "DIAL_TIMEOUT", sentence);
}
