import { PeerClosed, TimeoutError } from "../../protocol/index.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { openTcp } from "./open-tcp.ts";
import { secureServer, type DialedServer, type Security } from "./secure-server.ts";
import { describeServer, type ServerAddress } from "./server-address.ts";
import { withDeadline, type DeadlineOptions } from "./with-deadline.ts";

export interface DialOptions extends Security, DeadlineOptions {
  /** Null or absent: the server is dialled directly. */
  readonly httpProxy?: HttpProxy | null;
}

/**
 * TCP, the HTTP proxy's tunnel if there is one, TLS, trust, ALPN; the caller owns the socket.
 * @throws AuthError `TRUST_*`, `HTTP_PROXY_LOGIN`, PeerClosed `DIAL_*`, `HTTP_PROXY_*`, TimeoutError `DIAL_TIMEOUT`
 */
export function dialServer(server: ServerAddress, options: DialOptions): Promise<DialedServer> {
  return withDeadline(options, dialReasons(server), async (signal) => {
    const socket = await openTcp(server, options.httpProxy ?? null, signal);
    return await secureServer(socket, server, options, signal);
  });
}

export function dialReasons(server: ServerAddress): { expired: () => Error; abandoned: () => Error } {
  return {
    expired: () => {
      const sentence = `${describeServer(server)} did not answer in time.`;
      return new TimeoutError("DIAL_TIMEOUT", sentence, { safeMessage: sentence });
    },
    abandoned: () => new PeerClosed("ABORTED", "the dial was given up"),
  };
}
