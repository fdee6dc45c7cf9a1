import net from "node:net";
import type { Duplex } from "node:stream";
import {
  Conversation,
  logInToServer,
  isPosternError,
  OtherSecurityType,
  PeerClosed,
  TimeoutError,
  type Clock,
  type ServerLoginResult,
  type ServerLogin,
} from "../../protocol/index.ts";
import type { Endpoint, PublishedDesktop } from "../agent.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import { watchEndpointTcp, type EndpointTcp } from "./endpoint-tcp.ts";
import { isSameHost } from "./same-host.ts";
import { classifyServerFailure, SetupFailure } from "./setup-failure.ts";
import { upgradeToTls } from "./upgrade-tls.ts";

/** A VNC server that waits for ClientInit. */
export interface EndpointConnection extends ServerLoginResult {
  readonly stream: Duplex;
  /** Below it, where the VNC server is on another host. */
  readonly tcp: EndpointTcp | null;
  destroy(): void;
}

/**
 * Connects to a desktop's VNC server and performs its security handshake, until it waits for ClientInit. The
 * caller owns the stream.
 * @throws SetupFailure
 */
export async function openEndpoint(
  desktop: PublishedDesktop,
  clock: Clock,
  signal: AbortSignal,
): Promise<EndpointConnection> {
  const startedAt = clock.monotonic();
  const deadline = startedAt + AGENT_LIMITS.attendedMs;
  let certified = false;
  const login = buildLogin(desktop, () => {
    certified = true;
  });
  const enter = (how: ServerLogin): Promise<EndpointConnection> =>
    openOnce(desktop.endpoint, how, deadline, clock, signal);
  try {
    return await enterByAnyType(login, enter);
  } catch (error) {
    if (error instanceof SetupFailure) throw error;
    const isSlow = clock.monotonic() - startedAt >= AGENT_LIMITS.attendedNoticeMs;
    if (isDeclined(error, isSlow)) throw new SetupFailure("DESKTOP_DECLINED", error);
    const explained = certified && error instanceof PeerClosed ? closedAfterTls(error) : error;
    throw new SetupFailure(classifyServerFailure(explained), explained);
  }
}

/**
 * What VeNCrypt and RSA-AES want is known only after the choice, and another type then needs a new connection. Each
 * attempt avoids more types than the one before, so this ends.
 */
async function enterByAnyType(
  login: ServerLogin,
  enter: (how: ServerLogin) => Promise<EndpointConnection>,
): Promise<EndpointConnection> {
  const avoid: number[] = [];
  for (;;) {
    try {
      return await enter({ ...login, avoid });
    } catch (error) {
      if (!(error instanceof OtherSecurityType)) throw error;
      avoid.push(...error.tried);
    }
  }
}

async function openOnce(
  endpoint: Endpoint,
  login: ServerLogin,
  deadline: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<EndpointConnection> {
  const left = (): number => Math.max(0, deadline - clock.monotonic());
  const connectMs = Math.min(AGENT_LIMITS.endpointMs, left());
  const socket = await connectEndpoint(endpoint, connectMs, clock, signal);
  const limits = { deadlineMs: left(), maxBytes: AGENT_LIMITS.endpointBytes };
  const peer = new Conversation(socket, limits, clock, signal);
  try {
    const entered = await logInToServer(peer, login);
    const stream = peer.release();
    const tcp = watchEndpointTcp(endpoint, socket);
    return { ...entered, stream, tcp, destroy: () => stream.destroy() };
  } catch (error) {
    peer.release().destroy();
    socket.destroy();
    throw error;
  }
}

function buildLogin(desktop: PublishedDesktop, onCertified: () => void): ServerLogin {
  return {
    ...(desktop.vncUser === undefined ? {} : { user: desktop.vncUser }),
    ...(desktop.vncPassword === undefined ? {} : { password: desktop.vncPassword }),
    upgrade: async (stream, kind) => {
      const secured = await upgradeToTls(stream, kind, desktop);
      if (kind === "x509") onCertified();
      return secured;
    },
    requireX509: desktop.tls !== undefined,
    allowClearText: isSameHost(desktop.endpoint),
    allowMsLogon: desktop.msLogon === true,
  };
}

/**
 * A person at the desktop was asked and said no, or did not answer. Some VNC servers say so, others only close the
 * connection, or leave it open.
 */
function isDeclined(error: unknown, isSlow: boolean): boolean {
  if (isPosternError(error) && error.code === "SERVER_DECLINED") return true;
  return isSlow && (error instanceof PeerClosed || error instanceof TimeoutError);
}

/**
 * A server that requires a client certificate closes without a message; in TLS 1.3 only after the handshake.
 */
function closedAfterTls(cause: PeerClosed): PeerClosed {
  return new PeerClosed(
    cause.code,
    "the VNC server closed the connection right after TLS; if it asks for a client certificate, give --vnc-client-cert-file",
    { cause },
  );
}

function connectEndpoint(
  endpoint: Endpoint,
  deadlineMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      ...(endpoint.kind === "tcp"
        ? {
            host: endpoint.host,
            port: endpoint.port,
            noDelay: true,
            keepAlive: true,
            keepAliveInitialDelay: AGENT_LIMITS.keepAliveMs,
          }
        : { path: endpoint.path }),
      allowHalfOpen: true,
    });
    const cancelDeadline = clock.after(deadlineMs, () => {
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
    // Stays for the socket's lifetime.
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
