import net, { type AddressInfo, type Server, type Socket } from "node:net";
import { ConfigError, describeError, type Clock } from "../../protocol/index.ts";
import type { AddressRanges } from "../admit/address-ranges.ts";
import type { PreAuthConnectionLimit } from "../admit/pre-auth-connection-limit.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import type { HostPort } from "../model/proxy-types.ts";
import { readForwardedSource } from "./forwarded-source.ts";

/** A TCP connection that has a place among the unadmitted. */
export interface AcceptedConnection {
  readonly socket: Socket;
  readonly source: ConnectionSource;
  /** Gives the place back. Idempotent; the end of the connection does it too. */
  admitted(): void;
}

export interface TcpListenerOptions {
  readonly connectionLimit: PreAuthConnectionLimit;
  /** Whose connections begin with a PROXY protocol header; nobody else's header is looked at. */
  readonly forwarders: AddressRanges;
  /** Reverse proxies: theirs is one address for many people. */
  readonly trusted: AddressRanges;
  readonly clock: Clock;
  readonly onConnection: (arrival: AcceptedConnection) => void;
}

/** One TCP port: admission by budget, and every socket that came in by it. */
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
    const { connectionLimit: budget, forwarders, trusted, onConnection: onArrival } = this.#options;
    const source = readSocketSource(socket);
    const isForwarder = source !== null && forwarders.contains(source.address);
    const isShared = isForwarder || (source !== null && trusted.contains(source.address));
    const leave = source && budget.acquire(source.address, isShared ? Infinity : undefined);
    if (!leave) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      leave();
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onIdle?.();
    });
    const arrival = { socket, source, admitted: leave };
    if (isForwarder) void this.#receiveForwarded(arrival);
    else onArrival(arrival);
  }

  /** The client behind a forwarder takes a place of its own. A forwarder without a header is not to be believed. */
  async #receiveForwarded(arrival: AcceptedConnection): Promise<void> {
    const { connectionLimit: budget, clock, onConnection: onArrival } = this.#options;
    const { socket } = arrival;
    const client = await readForwardedSource(socket, clock).catch(() => undefined);
    if (client === null) {
      onArrival(arrival);
      return;
    }
    const leave = client && budget.acquire(client.address);
    if (!leave) {
      socket.destroy();
      return;
    }
    arrival.admitted();
    socket.once("close", leave);
    onArrival({ socket, source: client, admitted: leave });
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

  /** Takes no new connections; those that are there go on. Idempotent. */
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

/** Null when it is gone already. */
export function readSocketSource(socket: Socket): ConnectionSource | null {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  return { address: remoteAddress, port: remotePort };
}

/** Whoever asks this socket where it comes from hears this: the web server behind us, for one. */
export function overrideRemoteAddress(socket: Socket, { address, port }: ConnectionSource): void {
  if (socket.remoteAddress === address && socket.remotePort === port) return;
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } });
}
