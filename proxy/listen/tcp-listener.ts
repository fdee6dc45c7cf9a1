import net, { type AddressInfo, type Server, type Socket } from "node:net";
import { ConfigError, describeError, type Clock } from "../../protocol/index.ts";
import type { AddressRanges } from "../limits/address-ranges.ts";
import type { PreAuthConnectionLimit, PreAuthKind } from "../limits/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { canonicalAddress, type ConnectionSource } from "../model/connection-source.ts";
import type { HostPort } from "../model/proxy-types.ts";
import { readForwardedSource } from "./proxy-header.ts";

/** A TCP connection that holds a pre-authentication slot. */
export interface AcceptedConnection {
  readonly socket: Socket;
  readonly source: ConnectionSource;
  /** It is known now what it is. False: there is no slot for one more of that kind, and it was closed. */
  classify(kind: PreAuthKind): boolean;
  /** Releases the slot. Idempotent; the end of the connection does it too. */
  authenticated(): void;
}

export interface TcpListenerOptions {
  /** What its connections are, as far as the port tells. */
  readonly kind: PreAuthKind;
  readonly connectionLimit: PreAuthConnectionLimit;
  /** Peers whose connections begin with a PROXY protocol header. From any other peer such a header is not read. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies: one address for many people. */
  readonly trustedProxies: AddressRanges;
  readonly clock: Clock;
  readonly onConnection: (connection: AcceptedConnection) => void;
}

/** One TCP port, the limit of connections before authentication, and every socket that was accepted. */
export class TcpListener {
  readonly #options: TcpListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #onIdle: (() => void) | undefined;

  constructor(options: TcpListenerOptions) {
    this.#options = options;
    const tcp = {
      noDelay: true,
      allowHalfOpen: true,
      keepAlive: true,
      keepAliveInitialDelay: PROXY_LIMITS.keepAliveMs,
    };
    this.#server = net.createServer(tcp, (socket) => {
      this.#accept(socket);
    });
  }

  #accept(socket: Socket): void {
    socket.on("error", () => undefined);
    const { kind, connectionLimit, forwarders, trustedProxies, onConnection } = this.#options;
    const source = readSocketSource(socket);
    const isForwarder = source !== null && forwarders.contains(source.address);
    const isShared = isForwarder || (source !== null && trustedProxies.contains(source.address));
    const slot =
      source &&
      connectionLimit.acquire(source.address, {
        kind: isForwarder ? "connecting" : kind,
        close: () => socket.destroy(),
        ...(isShared && { perSource: Infinity }),
      });
    if (!slot) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      slot.release();
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onIdle?.();
    });
    const connection = { socket, source, classify: slot.moveTo, authenticated: slot.release };
    if (isForwarder) void this.#receiveForwarded(connection);
    else onConnection(connection);
  }

  /** The client behind a forwarder gets its own slot. Without a valid header the connection is closed. */
  async #receiveForwarded(connection: AcceptedConnection): Promise<void> {
    const { kind, connectionLimit, clock, onConnection } = this.#options;
    const { socket } = connection;
    const client = await readForwardedSource(socket, clock).catch(() => undefined);
    if (client === null) {
      if (connection.classify(kind)) onConnection(connection);
      return;
    }
    const slot = client && connectionLimit.acquire(client.address, { kind, close: () => socket.destroy() });
    if (!slot) {
      socket.destroy();
      return;
    }
    connection.authenticated();
    socket.once("close", slot.release);
    onConnection({ socket, source: client, classify: slot.moveTo, authenticated: slot.release });
  }

  /**
   * Starts to listen; returns where.
   * @throws ConfigError `LISTEN_FAILED`
   */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const message = `Cannot listen on ${host}:${port}: ${describeError(cause)}.`;
        reject(ConfigError.public("LISTEN_FAILED", message, { cause }));
      });
      this.#server.listen({ host, port, backlog: 1024 }, resolve);
    });
    // A failed accept (too many open files) must not end the server.
    this.#server.on("error", () => undefined);
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Accepts no new connections; existing ones stay open. Idempotent. */
  stop(): void {
    this.#server.close(() => undefined);
  }

  /** Settles when no connection is left. */
  get idle(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Null: it is closed already. */
export function readSocketSource(socket: Socket): ConnectionSource | null {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  return { address: canonicalAddress(remoteAddress), port: remotePort };
}
