import type { Duplex } from "node:stream";
import { sourceKey } from "../model/connection-source.ts";
import type { ConnectionShares } from "./descriptor-budget.ts";
import { SizeRanking, type Ranked } from "./size-ranking.ts";

interface HttpConnection {
  readonly socket: Duplex;
  readonly source: string;
  /** Requests that are not answered yet. */
  requests: number;
}

interface SourceConnections extends Ranked {
  /** The longest idle first. */
  readonly connections: Set<HttpConnection>;
}

/**
 * The HTTP connections without sign-in, by source. Who comes when there is no place left takes that of another: an idle
 * connection of the source that has most, or one of its requests if that source has far more than the newcomer's.
 */
export class HttpConnectionLimit {
  readonly #shares: ConnectionShares;
  readonly #connections = new Map<Duplex, HttpConnection>();
  readonly #sources = new Map<string, SourceConnections>();
  readonly #ranking = new SizeRanking<SourceConnections>();

  constructor(shares: ConnectionShares) {
    this.#shares = shares;
  }

  get count(): number {
    return this.#connections.size;
  }

  /** Counts a connection until it is closed or {@link release}d. False: no place can be made, and it is to be closed. */
  add(socket: Duplex, address: string): boolean {
    const source = sourceKey(address);
    if (!this.#makeRoom(source)) return false;
    const connection = { socket, source, requests: 0 };
    this.#connections.set(socket, connection);
    const own = this.#sources.get(source) ?? { size: 0, connections: new Set() };
    this.#sources.set(source, own);
    own.connections.add(connection);
    this.#ranking.resize(own, own.size + 1);
    socket.once("close", () => {
      this.release(socket);
    });
    return true;
  }

  beginRequest(socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (connection) connection.requests += 1;
  }

  endRequest(socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    connection.requests -= 1;
    // To the end of its source's row.
    const own = this.#sources.get(connection.source)?.connections;
    own?.delete(connection);
    own?.add(connection);
  }

  /** It is signed in, or no longer HTTP. Idempotent. */
  release(socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    this.#connections.delete(socket);
    const own = this.#sources.get(connection.source);
    if (!own?.connections.delete(connection)) return;
    this.#ranking.resize(own, own.size - 1);
    if (own.size === 0) this.#sources.delete(connection.source);
  }

  #makeRoom(source: string): boolean {
    const own = this.#sources.get(source);
    if (own !== undefined && own.size >= this.#shares.perSource) return this.#closeIdle(own.connections);
    if (this.#connections.size < this.#shares.total) return true;
    const { largest } = this.#ranking;
    if (largest === undefined) return false;
    if (this.#closeIdle(largest.connections)) return true;
    // Requests that are sent slowly, byte by byte, must not keep others out.
    const [oldest] = largest.connections;
    if (oldest === undefined || largest.size <= (own?.size ?? 0) + 1) return false;
    this.#close(oldest);
    return true;
  }

  #closeIdle(connections: ReadonlySet<HttpConnection>): boolean {
    for (const connection of connections) {
      if (connection.requests > 0) continue;
      this.#close(connection);
      return true;
    }
    return false;
  }

  #close({ socket }: HttpConnection): void {
    this.release(socket);
    socket.destroy();
  }
}
