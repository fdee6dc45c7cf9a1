import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { networkKey, sourceKey } from "../model/connection-source.ts";
import { SizeRanking, type Ranked } from "./size-ranking.ts";

/**
 * What a connection is before it is identified: not known yet (TLS, the first bytes), a viewer on any listener, or an agent.
 * Each kind has slots of its own, so that none can take those of the others.
 */
export type PreAuthKind = "connecting" | "viewer" | "agent";

/** Slots of each kind, and those that one source may have of all kinds together. */
export type PreAuthLimits = Readonly<Record<PreAuthKind | "perSource", number>>;

/** The slot of a connection that is not identified yet. */
export interface PreAuthSlot {
  /** It is known now what the connection is. False: there is no slot of that kind, and the connection was closed. */
  moveTo(kind: PreAuthKind): boolean;
  /** It is identified, or over. Idempotent. */
  release(): void;
}

export interface PreAuthRequest {
  readonly kind: PreAuthKind;
  /** Ends the connection: its slot goes to another. */
  readonly close: () => void;
  /** In place of the usual number, for a source that brings others' connections. */
  readonly perSource?: number;
}

/**
 * Slots for connections that are not identified yet: a limit per source, and one per kind. Where a kind has none left, the
 * oldest connection of the largest network gives its slot to the newcomer, unless the newcomer is of the largest source itself.
 */
export class PreAuthConnectionLimit {
  readonly #clock: Clock;
  readonly #limits: PreAuthLimits;
  readonly #pools: Readonly<Record<PreAuthKind, Pool>>;
  readonly #perSource = new Map<string, number>();

  constructor(clock: Clock, limits: PreAuthLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#pools = { connecting: new Pool(), viewer: new Pool(), agent: new Pool() };
  }

  get count(): number {
    return Object.values(this.#pools).reduce((sum, { size }) => sum + size, 0);
  }

  /** Null: there is no slot for this source, or none that it may have. */
  acquire(address: string, { kind, close, perSource }: PreAuthRequest): PreAuthSlot | null {
    const source = sourceKey(address);
    const taken = this.#perSource.get(source) ?? 0;
    if (taken >= (perSource ?? this.#limits.perSource)) return null;
    const entry: Entry = { source, network: networkKey(address), kind, since: 0, close };
    if (!this.#enter(entry, kind)) return null;
    this.#perSource.set(source, taken + 1);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#pools[entry.kind].remove(entry);
      const left = (this.#perSource.get(source) ?? 1) - 1;
      if (left === 0) this.#perSource.delete(source);
      else this.#perSource.set(source, left);
    };
    entry.close = () => {
      release();
      close();
    };
    return {
      release,
      moveTo: (next) => {
        if (!isHeld) return false;
        this.#pools[entry.kind].remove(entry);
        if (this.#enter(entry, next)) return true;
        entry.close();
        return false;
      },
    };
  }

  #enter(entry: Entry, kind: PreAuthKind): boolean {
    const now = this.#clock.monotonic();
    const pool = this.#pools[kind];
    if (kind === "viewer") this.#endLatePrompts(pool, now);
    if (pool.size >= this.#limits[kind]) {
      const victim = pool.findVictim(entry);
      // Many newcomers at once, as after a restart, must not displace one another before any of them is done.
      const isSettling = victim && now - victim.entry.since < PROXY_LIMITS.preAuthSettleMs;
      if (!victim || (isSettling && victim.ofNetwork <= PROXY_LIMITS.preAuthSmallNetwork)) return false;
      victim.entry.close();
    }
    entry.kind = kind;
    entry.since = now;
    pool.add(entry);
    return true;
  }

  /** From half of the slots on, the time that a viewer has for its token falls evenly. */
  #endLatePrompts(pool: Pool, now: number): void {
    const { tokenEntryMs, crowdedTokenEntryMs } = PROXY_LIMITS;
    const half = this.#limits.viewer / 2;
    for (let { oldest } = pool; oldest && pool.size > half; { oldest } = pool) {
      const crowd = (pool.size - half) / half;
      const allowedMs = tokenEntryMs - crowd * (tokenEntryMs - crowdedTokenEntryMs);
      if (now - oldest.since <= allowedMs) return;
      oldest.close();
    }
  }
}

interface Entry {
  readonly source: string;
  readonly network: string;
  kind: PreAuthKind;
  since: number;
  close: () => void;
}

interface SourceGroup extends Ranked {
  /** The oldest first. */
  readonly entries: Set<Entry>;
}

interface NetworkGroup extends Ranked {
  readonly sources: Map<string, SourceGroup>;
  readonly ranking: SizeRanking<SourceGroup>;
}

/** The slots of one kind that are taken, by network and source. */
class Pool {
  /** The oldest first. */
  readonly #entries = new Set<Entry>();
  readonly #networks = new Map<string, NetworkGroup>();
  readonly #ranking = new SizeRanking<NetworkGroup>();

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): Entry | undefined {
    return this.#entries.values().next().value;
  }

  add(entry: Entry): void {
    this.#entries.add(entry);
    const network = this.#networks.get(entry.network) ?? {
      size: 0,
      sources: new Map<string, SourceGroup>(),
      ranking: new SizeRanking<SourceGroup>(),
    };
    const source = network.sources.get(entry.source) ?? { size: 0, entries: new Set<Entry>() };
    this.#networks.set(entry.network, network);
    network.sources.set(entry.source, source);
    source.entries.add(entry);
    network.ranking.resize(source, source.size + 1);
    this.#ranking.resize(network, network.size + 1);
  }

  remove(entry: Entry): void {
    const network = this.#networks.get(entry.network);
    const source = network?.sources.get(entry.source);
    if (!network || !source || !this.#entries.delete(entry)) return;
    source.entries.delete(entry);
    network.ranking.resize(source, source.size - 1);
    this.#ranking.resize(network, network.size - 1);
    if (source.size === 0) network.sources.delete(entry.source);
    if (network.size === 0) this.#networks.delete(entry.network);
  }

  /** The oldest of the largest source in the largest network; null: that is the newcomer's own source. */
  findVictim(newcomer: Entry): { readonly entry: Entry; readonly ofNetwork: number } | null {
    const network = pickLargest(this.#ranking.largest, this.#networks.get(newcomer.network));
    if (!network) return null;
    const own = network.sources.get(newcomer.source);
    const source = pickLargest(network.ranking.largest, own);
    const [entry] = source?.entries ?? [];
    return !source || source === own || !entry ? null : { entry, ofNetwork: network.size };
  }
}

/** The newcomer's own group, where no other is larger. */
function pickLargest<G extends Ranked>(largest: G | undefined, own: G | undefined): G | undefined {
  return own && own.size >= (largest?.size ?? 0) ? own : largest;
}
