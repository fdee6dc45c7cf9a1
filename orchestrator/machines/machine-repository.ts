import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { describeError, RequestError, type Clock, type MachineStatus } from "../../protocol/index.ts";
import type { MachineChange, MachineRecord, Proxy } from "../../proxy/index.ts";
import type { LiveUpdates } from "../../web/server/live/live-updates.ts";
import { isDesktopOf } from "./desktop-of-machine.ts";

export interface MachineRepositoryContext {
  readonly proxy: Proxy;
  readonly live: LiveUpdates;
  readonly clock: Clock;
  readonly log: Logger;
  /** A machine is in another state than before. */
  readonly onStateChange: () => void;
  /** Whether a machine is to start on its host as soon as its data disk is there. */
  readonly isStartDeferred: (id: string) => boolean;
}

const EXPIRED = {
  reason: "Its time was over.",
  cause: { code: "MACHINE_EXPIRED", details: {} },
};
const AWAKE = new Set<MachineRecord["state"]>(["booting", "running", "paused"]);

/** Writes down what becomes of machines, and tells the pages. Its callers hold the machine's turn. */
export class MachineRepository {
  readonly #proxy: Proxy;
  readonly #live: LiveUpdates;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onStateChange: () => void;
  readonly #isStartDeferred: (id: string) => boolean;

  constructor({
    proxy,
    live,
    clock,
    log,
    onStateChange: onState,
    isStartDeferred: isHeld,
  }: MachineRepositoryContext) {
    this.#proxy = proxy;
    this.#live = live;
    this.#clock = clock;
    this.#log = log;
    this.#onStateChange = onState;
    this.#isStartDeferred = isHeld;
  }

  async update(id: string, change: MachineChange): Promise<MachineRecord | null> {
    // A new reason without a code must not keep the old one's.
    const whole = change.reason === undefined ? change : { cause: null, ...change };
    const record = await this.#proxy.stores.machines.update(id, whole);
    this.#live.machineChanged(id);
    return record;
  }

  /** What a host says about a machine. A second copy on another host, left by a lost answer, is removed there. */
  async applyStatus(hostId: string, status: MachineStatus): Promise<MachineRecord | null> {
    const record = await this.#proxy.stores.machines.find(status.id);
    if (record === null) {
      this.#log.warn(
        { event: "machine.stray", agentId: hostId, machineId: status.id },
        "a host has a machine that this server does not know",
      );
      return null;
    }
    if (record.agentId !== null && record.agentId !== hostId) {
      await this.#removeCopy(hostId, status.id);
      return record;
    }
    // Of course it is off there.
    const isOff = status.state === "stopped" || status.state === "failed";
    if (record.state === "queued" && isOff && this.#isStartDeferred(record.id)) return record;
    const change = {
      agentId: hostId,
      state: status.state,
      reason: status.reason ?? null,
      cause: status.cause ?? null,
      accel: status.accel ?? null,
      cpus: status.cpus,
      memoryMb: status.memoryMb,
      saved: status.saved ?? false,
      progress: status.progress === undefined ? null : Math.round(status.progress * 100) / 100,
      tried: record.tried.length === 0 ? record.tried : [],
      ...this.#followRun(record, status),
    };
    if (isSame(record, change)) return record;
    if (record.state !== status.state)
      this.#log.info(
        { event: "machine.state", machineId: record.id, agentId: hostId, state: status.state },
        "machine changed its state",
      );
    const kept = await this.update(record.id, change);
    if (record.state !== status.state) this.#onStateChange();
    return kept;
  }

  /** When this run ends, while there is one; what the server had in mind is done with once it is over. */
  #followRun(record: MachineRecord, { state }: MachineStatus): MachineChange {
    const { lifetimeMs, expiresAt, ending } = record;
    if (AWAKE.has(state)) {
      const begins = expiresAt === null && lifetimeMs !== null;
      return { expiresAt: begins ? this.#clock.now() + lifetimeMs : expiresAt };
    }
    if (state !== "stopped" && state !== "failed") return {};
    const over = { expiresAt: null, warnedAt: null, idleSince: null, ending: null };
    return ending === "lifetime" && state === "stopped" ? { ...over, ...EXPIRED } : over;
  }

  /**
   * Deletes the machine on its host, then its record.
   * @throws RequestError `HOST_OFFLINE` and the host's own
   */
  async deleteWithHostCopy(record: MachineRecord): Promise<void> {
    const { id, agentId } = record;
    if (agentId !== null && (await this.#mayReconnect(agentId)))
      await this.#proxy.requestHost(agentId, "machine.remove", { id }).catch((error: unknown) => {
        if (!(error instanceof RequestError && error.code === "MACHINE_UNKNOWN")) throw error;
      });
    await this.delete(record);
  }

  /** The machine is gone, and with it its desktop and every token for it. */
  async delete(record: MachineRecord): Promise<void> {
    const { machines, desktops } = this.#proxy.stores;
    await machines.remove(record.id);
    this.#live.machineGone(record.id, record.ownerId);
    for (const desktop of await desktops.list()) {
      if (!isDesktopOf(desktop, record)) continue;
      await desktops.remove(desktop.id);
      this.#live.desktopChanged(desktop.id);
    }
  }

  /** A host that was revoked never comes back: its machines can be struck without it. */
  async #mayReconnect(hostId: string): Promise<boolean> {
    const host = await this.#proxy.stores.agents.find(hostId);
    return host !== null && host.revokedAt === null;
  }

  async #removeCopy(hostId: string, machineId: string): Promise<void> {
    const about = { event: "machine.copy", agentId: hostId, machineId };
    try {
      await this.#proxy.requestHost(hostId, "machine.remove", { id: machineId });
      this.#log.warn(about, "removed a second copy of a machine");
    } catch (error) {
      this.#log.warn(
        { ...about, reason: describeError(error) },
        "a second copy of a machine could not be removed",
      );
    }
  }
}

function isSame(record: MachineRecord, change: MachineChange): boolean {
  return Object.entries(change).every(([key, value]) =>
    isDeepStrictEqual(record[key as keyof MachineRecord], value),
  );
}
