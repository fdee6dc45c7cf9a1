import net from "node:net";
import type { Duplex } from "node:stream";
import { Conversation, enterServer, PeerClosed, TimeoutError, type Clock } from "../../protocol/index.ts";
import type { Endpoint, PublishedDesktop } from "../agent.ts";
import { AGENT_LIMITS } from "../limits.ts";
import { classifyServerFailure, SetupFailure } from "./setup-failure.ts";

/** Room for every security handshake that is answered, and for a long reason. */
const MAX_HANDSHAKE_BYTES = 16 * 1024;

/**
 * Connects to a desktop's VNC server and does its security, until it stands at ClientInit. The caller owns the stream.
 * @throws SetupFailure
 */
export async function enterEndpoint(
  desktop: PublishedDesktop,
  clock: Clock,
  signal: AbortSignal,
): Promise<Duplex> {
  const startedAt = clock.monotonic();
  const socket = await connectEndpoint(desktop.endpoint, clock, signal);
  const deadlineMs = Math.max(0, AGENT_LIMITS.endpointMs - (clock.monotonic() - startedAt));
  const peer = new Conversation(socket, { deadlineMs, maxBytes: MAX_HANDSHAKE_BYTES }, clock, signal);
  try {
    await enterServer(peer, desktop.vncPassword === undefined ? {} : { password: desktop.vncPassword });
    return peer.release();
  } catch (error) {
    peer.release();
    socket.destroy();
    throw new SetupFailure(classifyServerFailure(error), error);
  }
}

function connectEndpoint(endpoint: Endpoint, clock: Clock, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      ...(endpoint.kind === "tcp"
        ? { host: endpoint.host, port: endpoint.port, noDelay: true }
        : { path: endpoint.path }),
      allowHalfOpen: true,
    });
    const cancelDeadline = clock.after(AGENT_LIMITS.endpointMs, () => {
      fail(
        new SetupFailure(
          "ENDPOINT_TIMEOUT",
          new TimeoutError("ENDPOINT_TIMEOUT", "the desktop's VNC server did not answer in time"),
        ),
      );
    });
    const settle = (): void => {
      cancelDeadline();
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: SetupFailure): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      fail(new SetupFailure("ENDPOINT_REFUSED", new PeerClosed("ABORTED", "the connection was given up")));
    };
    signal.addEventListener("abort", onAbort);
    // Stays for the socket's life.
    socket.on("error", (error) => {
      fail(new SetupFailure("ENDPOINT_REFUSED", error));
    });
    socket.once("connect", () => {
      settle();
      socket.setNoDelay(true);
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
}
