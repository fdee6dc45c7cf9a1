import net, { type Socket } from "node:net";
import { PeerClosed, formatHostPort, type HostPort } from "../../protocol/index.ts";
import { explainDialError } from "./dial-error.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { openHttpTunnel } from "./http-tunnel.ts";
import { abortReason } from "./with-deadline.ts";

/**
 * A byte stream to a server: a TCP connection, or a tunnel through an HTTP proxy. The caller owns the socket.
 * @throws PeerClosed `DIAL_*`, `HTTP_PROXY_*`, and the errors of {@link openHttpTunnel}
 */
export async function openTcp(
  server: HostPort,
  proxy: HttpProxy | null,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connect(proxy ?? server, proxy !== null, signal);
  if (proxy === null) return socket;
  try {
    await openHttpTunnel(socket, proxy, server, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connect({ host, port }: HostPort, isProxy: boolean, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      allowHalfOpen: true,
      autoSelectFamilyAttemptTimeout: 1_000,
    });
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
    };
    const onAbort = (): void => {
      settle();
      socket.destroy();
      reject(abortReason(signal));
    };
    const onError = (error: Error): void => {
      settle();
      const name = formatHostPort({ host, port });
      const explained = explainDialError(error, isProxy ? `the HTTP proxy ${name}` : name);
      reject(isProxy ? new PeerClosed("HTTP_PROXY_DOWN", explained.message, explained) : explained);
    };
    // Stays for the socket's lifetime: the next owner may add its own listener a tick later.
    socket.on("error", () => undefined);
    socket.on("error", onError);
    signal.addEventListener("abort", onAbort);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
}
