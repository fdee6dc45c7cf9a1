import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import {
  encodeJsonFrame,
  FEATURE_SPARE,
  FrameType,
  type Clock,
  type SpareWanted,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { HostPort } from "../proxy.ts";
import type { AgentRegistry } from "./agent-registry.ts";
import { CONTROL_ADDRESS } from "./pairing.ts";
import type { SetupTickets } from "./setup-tickets.ts";
import { Spare } from "./spare.ts";

interface SparesParts {
  readonly agents: AgentRegistry;
  readonly tickets: SetupTickets;
  /** Where agents reach this server; null: where their control connection goes. */
  readonly advertised: HostPort | null;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Shelf {
  readonly ready: Set<Spare>;
  /** Asked for and not here yet. */
  asked: number;
  cancelAsked: () => void;
  cancelReplace: () => void;
  /** A viewer is likely until then (monotonic). */
  likelyUntil: number;
}

/** Spare data connections, for agents whose desktops are likely to be opened next. */
export class Spares {
  readonly #parts: SparesParts;
  readonly #shelves = new Map<string, Shelf>();
  #open = true;

  constructor(parts: SparesParts) {
    this.#parts = parts;
  }

  /** Of all agents, ready or asked for. */
  get size(): number {
    let size = 0;
    for (const { ready, asked } of this.#shelves.values()) size += ready.size + asked;
    return size;
  }

  /** A viewer of one of this agent's desktops is likely now. */
  expectViewer(agentId: string): void {
    const shelf = this.#find(agentId);
    if (shelf) this.#fill(agentId, shelf);
  }

  /** Takes a proven connection in; false: nobody asked for it, and it stays the caller's. */
  accept(stream: Duplex, agentId: string): boolean {
    const shelf = this.#shelves.get(agentId);
    if (!this.#open || !shelf || shelf.asked === 0) return false;
    shelf.asked -= 1;
    const spare = new Spare(stream, agentId, this.#parts);
    shelf.ready.add(spare);
    void spare.ended.then(() => {
      shelf.ready.delete(spare);
      this.#tidy(agentId, shelf);
    });
    return true;
  }

  /** A connection for a viewer that is here, if one is ready. New ones are not asked for before it has its picture. */
  take(agentId: string): Spare | null {
    const shelf = this.#find(agentId);
    if (!shelf) return null;
    shelf.cancelReplace();
    shelf.cancelReplace = this.#parts.clock.after(LIMITS.spareReplaceMs, () => {
      this.#fill(agentId, shelf);
    });
    for (const spare of shelf.ready) {
      shelf.ready.delete(spare);
      if (spare.isFit) return spare;
      spare.close();
    }
    return null;
  }

  /** The agent's control connection is gone, and with it whatever waited. */
  drop(agentId: string): void {
    const shelf = this.#shelves.get(agentId);
    if (!shelf) return;
    this.#shelves.delete(agentId);
    shelf.cancelAsked();
    shelf.cancelReplace();
    for (const spare of shelf.ready) spare.close();
  }

  /** Idempotent. */
  close(): void {
    this.#open = false;
    for (const agentId of [...this.#shelves.keys()]) this.drop(agentId);
  }

  /** The agent's shelf, with its time renewed; null: this agent keeps none. */
  #find(agentId: string): Shelf | null {
    const connection = this.#parts.agents.find(agentId);
    if (!this.#open || !connection?.features.has(FEATURE_SPARE)) return null;
    const shelf = this.#shelves.get(agentId) ?? {
      ready: new Set(),
      asked: 0,
      cancelAsked: () => undefined,
      cancelReplace: () => undefined,
      likelyUntil: 0,
    };
    this.#shelves.set(agentId, shelf);
    shelf.likelyUntil = this.#parts.clock.monotonic() + LIMITS.spareLikelyMs;
    return shelf;
  }

  #fill(agentId: string, shelf: Shelf): void {
    const { agents, advertised, clock } = this.#parts;
    const connection = agents.find(agentId);
    if (!connection || this.#shelves.get(agentId) !== shelf || clock.monotonic() >= shelf.likelyUntil) return;
    const room = LIMITS.sparesTotal - this.size;
    const count = Math.min(room, LIMITS.sparesPerAgent - shelf.ready.size - shelf.asked);
    if (count <= 0) return;
    shelf.asked += count;
    shelf.cancelAsked();
    shelf.cancelAsked = clock.after(LIMITS.spareAskMs, () => {
      shelf.asked = 0;
      this.#tidy(agentId, shelf);
    });
    const { host, port } = advertised ?? CONTROL_ADDRESS;
    const wanted: SpareWanted = { count, proxyHost: host, proxyPort: port };
    connection.send(encodeJsonFrame(FrameType.spareWanted, wanted));
  }

  #tidy(agentId: string, shelf: Shelf): void {
    const isOver = this.#parts.clock.monotonic() >= shelf.likelyUntil;
    if (isOver && shelf.ready.size === 0 && shelf.asked === 0 && this.#shelves.get(agentId) === shelf)
      this.#shelves.delete(agentId);
  }
}
