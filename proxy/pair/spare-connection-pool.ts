import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  encodeJsonFrame,
  FEATURE_SPARE,
  FrameType,
  type Clock,
  type SpareWanted,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { CONTROL_ADDRESS } from "../model/advertised-addresses.ts";
import type { AgentRegistry } from "../agents/agent-registry.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import { SpareConnection } from "./spare-connection.ts";

interface SpareConnectionPoolDependencies {
  readonly agents: AgentRegistry;
  readonly tickets: SetupTickets;
  readonly clock: Clock;
  readonly log: Logger;
}

interface AgentPool {
  readonly ready: Set<SpareConnection>;
  /** Asked for and not here yet. */
  requested: number;
  cancelRequestTimeout: () => void;
  /** Undefined: none is planned. */
  cancelRefill: (() => void) | undefined;
  /** A viewer is likely until then (monotonic). */
  viewerExpectedUntil: number;
}

/** Spare data connections, for agents whose desktops are likely to be opened next. */
export class SpareConnectionPool {
  readonly #dependencies: SpareConnectionPoolDependencies;
  readonly #pools = new Map<string, AgentPool>();
  #open = true;

  constructor(dependencies: SpareConnectionPoolDependencies) {
    this.#dependencies = dependencies;
  }

  /** Of all agents, ready or asked for. */
  get size(): number {
    let size = 0;
    for (const { ready, requested } of this.#pools.values()) size += ready.size + requested;
    return size;
  }

  /** A viewer of one of this agent's desktops is likely now. */
  expectViewer(agentId: string): void {
    const pool = this.#find(agentId);
    if (pool) this.#requestSpares(agentId, pool);
  }

  /** Takes a proven connection in; false: it was not requested, and stays the caller's. */
  accept(stream: Duplex, agentId: string): boolean {
    const pool = this.#pools.get(agentId);
    if (!this.#open || !pool || pool.requested === 0) return false;
    pool.requested -= 1;
    const spare = new SpareConnection(stream, agentId, this.#dependencies);
    pool.ready.add(spare);
    void spare.ended.then(() => {
      pool.ready.delete(spare);
      this.#removeIfIdle(agentId, pool);
    });
    return true;
  }

  /** A connection for a viewer that is here, if one is ready. New ones are not asked for before it has its picture. */
  take(agentId: string): SpareConnection | null {
    const pool = this.#find(agentId);
    if (!pool) return null;
    pool.cancelRefill ??= this.#dependencies.clock.after(PROXY_LIMITS.spareReplaceMs, () => {
      pool.cancelRefill = undefined;
      this.#requestSpares(agentId, pool);
    });
    for (const spare of pool.ready) {
      pool.ready.delete(spare);
      if (spare.isUsable) return spare;
      spare.close();
    }
    return null;
  }

  /** The agent's control connection is gone, and its spare connections with it. */
  drop(agentId: string): void {
    const pool = this.#pools.get(agentId);
    if (!pool) return;
    this.#pools.delete(agentId);
    pool.cancelRequestTimeout();
    pool.cancelRefill?.();
    for (const spare of pool.ready) spare.close();
  }

  /** Idempotent. */
  close(): void {
    this.#open = false;
    for (const agentId of [...this.#pools.keys()]) this.drop(agentId);
  }

  /** The agent's pool, with its time renewed; null: this agent supports none. */
  #find(agentId: string): AgentPool | null {
    const connection = this.#dependencies.agents.find(agentId);
    if (!this.#open || !connection?.features.has(FEATURE_SPARE)) return null;
    const pool = this.#pools.get(agentId) ?? {
      ready: new Set(),
      requested: 0,
      cancelRequestTimeout: () => undefined,
      cancelRefill: undefined,
      viewerExpectedUntil: 0,
    };
    this.#pools.set(agentId, pool);
    pool.viewerExpectedUntil = this.#dependencies.clock.monotonic() + PROXY_LIMITS.spareLikelyMs;
    return pool;
  }

  #requestSpares(agentId: string, pool: AgentPool): void {
    const { agents, clock } = this.#dependencies;
    const connection = agents.find(agentId);
    if (!connection || this.#pools.get(agentId) !== pool || clock.monotonic() >= pool.viewerExpectedUntil)
      return;
    const free = PROXY_LIMITS.sparesTotal - this.size;
    const count = Math.min(free, PROXY_LIMITS.sparesPerAgent - pool.ready.size - pool.requested);
    if (count <= 0) return;
    pool.requested += count;
    pool.cancelRequestTimeout();
    pool.cancelRequestTimeout = clock.after(PROXY_LIMITS.spareAskMs, () => {
      pool.requested = 0;
      this.#removeIfIdle(agentId, pool);
    });
    const { host, port } = CONTROL_ADDRESS;
    const wanted: SpareWanted = { count, proxyHost: host, proxyPort: port };
    connection.send(encodeJsonFrame(FrameType.spareWanted, wanted));
  }

  #removeIfIdle(agentId: string, pool: AgentPool): void {
    const isOver = this.#dependencies.clock.monotonic() >= pool.viewerExpectedUntil;
    if (isOver && pool.ready.size === 0 && pool.requested === 0 && this.#pools.get(agentId) === pool)
      this.#pools.delete(agentId);
  }
}
