import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import {
  hasGuest,
  isOff,
  describeError,
  RequestError,
  type Clock,
  type MachineStatus,
} from "../../protocol/index.ts";
import type { FoldedLog, MachineChange, MachineRecord, Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import type { GuestAddresses } from "./guest-addresses.ts";
import { isDesktopOf } from "./desktop-of-machine.ts";

interface MachineRepositoryContext {
  readonly proxy: Proxy;
  readonly events: OrchestratorEventEmitter;
  /** Machines that are to start on their hosts as soon as their data disks are there. */
  readonly deferredStarts: ReadonlySet<string>;
  readonly addresses: GuestAddresses;
  readonly clock: Clock;
  readonly log: Logger;
  /** What hosts can cause again and again. */
  readonly folded: FoldedLog;
}

const POWER_OFF_TOLERANCE_MS = 2000;

const EXPIRED = {
  reason: "Its time was over.",
  cause: { code: "MACHINE_EXPIRED", details: {} },
};

/** Writes machine records and emits what changed. Its methods must run in the machine's queue. */
export class MachineRepository {
  readonly #proxy: Proxy;
  readonly #events: OrchestratorEventEmitter;
  readonly #deferredStarts: ReadonlySet<string>;
  readonly #addresses: GuestAddresses;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #folded: FoldedLog;

  constructor({ proxy, events, deferredStarts, addresses, clock, log, folded }: MachineRepositoryContext) {
    this.#proxy = proxy;
    this.#addresses = addresses;
    this.#events = events;
    this.#deferredStarts = deferredStarts;
    this.#clock = clock;
    this.#log = log;
    this.#folded = folded;
  }

  async update(id: string, change: MachineChange): Promise<MachineRecord | null> {
    // A new reason without a cause must not keep the old cause.
    const complete = change.reason === undefined ? change : { cause: null, ...change };
    const record = await this.#proxy.stores.machines.update(id, complete);
    this.#events.emit("machine.changed", { id });
    return record;
  }

  /** Applies what a host reports. A second copy on another host, left by a lost answer, is removed there. */
  async applyStatus(hostId: string, status: MachineStatus): Promise<MachineRecord | null> {
    const record = await this.#proxy.stores.machines.find(status.id);
    const claim = judgeClaim(hostId, record, status);
    if (claim === "copy") await this.removeCopy(hostId, status.id);
    if (record === null) this.warnStray(hostId, status.id);
    if (record === null || claim !== "own") return record;
    if (record.state === "queued" && isOff(status.state) && this.#deferredStarts.has(record.id))
      return record;
    const change = {
      agentId: hostId,
      state: status.state,
      reason: status.reason ?? null,
      cause: status.cause ?? null,
      accel: status.accel ?? null,
      // A host that cannot read its record of a machine knows neither.
      cpus: isRecordDamaged(status) ? record.cpus : status.cpus,
      memoryMb: isRecordDamaged(status) ? record.memoryMb : status.memoryMb,
      saved: status.saved ?? false,
      powerOffAt: this.#readPowerOff(record, status),
      progress: status.progress === undefined ? null : Math.round(status.progress * 100) / 100,
      tried: record.tried.length === 0 ? record.tried : [],
      ...this.#followRun(record, status),
    };
    const hasMoved = this.#addresses.update(status);
    if (isSame(record, change)) {
      if (hasMoved) this.#events.emit("machine.changed", { id: record.id });
      return record;
    }
    if (record.state !== status.state)
      this.#log.info(
        { event: "machine.state", machineId: record.id, agentId: hostId, state: status.state },
        "machine changed its state",
      );
    const updated = await this.update(record.id, change);
    if (record.state !== status.state) this.#events.emit("machine.stateChanged", { id: record.id });
    return updated;
  }

  /** By this server's clock. A report that takes longer than another moves it by less than a person would notice. */
  #readPowerOff({ powerOffAt }: MachineRecord, { powerOffInMs }: MachineStatus): number | null {
    if (powerOffInMs === undefined) return null;
    const at = this.#clock.now() + powerOffInMs;
    return powerOffAt !== null && Math.abs(at - powerOffAt) < POWER_OFF_TOLERANCE_MS ? powerOffAt : at;
  }

  /** The end of this run, as long as it lasts; after it, the plans of the server are cleared. */
  #followRun(record: MachineRecord, { state }: MachineStatus): MachineChange {
    const { lifetimeMs, expiresAt, ending } = record;
    if (hasGuest(state)) {
      const begins = expiresAt === null && lifetimeMs !== null;
      return { expiresAt: begins ? this.#clock.now() + lifetimeMs : expiresAt };
    }
    if (!isOff(state)) return {};
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

  /** Deletes the record, and with it its desktops and every token for them. */
  async delete(record: MachineRecord): Promise<void> {
    const { machines, desktops } = this.#proxy.stores;
    await machines.remove(record.id);
    this.#addresses.forget(record.id);
    this.#events.emit("machine.deleted", { id: record.id, ownerId: record.ownerId });
    for (const desktop of await desktops.listByMachines([record.id])) {
      if (!isDesktopOf(desktop, record)) continue;
      await desktops.remove(desktop.id);
      this.#events.emit("desktop.changed", { id: desktop.id });
    }
  }

  /** Whether a host is connected, and says that it has the machine in good order. */
  async hasOnHost(hostId: string, machineId: string): Promise<boolean> {
    if (!this.#proxy.connectedAgents().some(({ id }) => id === hostId)) return false;
    const statuses = await this.#proxy.requestHost(hostId, "machine.list", {});
    return statuses.some((status) => status.id === machineId && !isRecordDamaged(status));
  }

  /** A revoked host never reconnects: its machines can be deleted without it. */
  async #mayReconnect(hostId: string): Promise<boolean> {
    const host = await this.#proxy.stores.agents.find(hostId);
    return host !== null && host.revokedAt === null;
  }

  /** A machine of unknown origin is left alone. */
  warnStray(hostId: string, machineId: string): void {
    this.#folded.warn(
      { event: "machine.stray", agentId: hostId, machineId },
      "a host has a machine that this server does not know",
    );
  }

  /**
   * Has a host remove a machine that another host has. What may be the only copy stays: the machine's own host has to be here,
   * and to say that it has the machine. Never rejects.
   */
  async removeCopy(hostId: string, machineId: string): Promise<void> {
    const about = { event: "machine.copy", agentId: hostId, machineId };
    try {
      const record = await this.#proxy.stores.machines.find(machineId);
      if (record === null || record.agentId === null || record.agentId === hostId) return;
      if (!(await this.hasOnHost(record.agentId, machineId))) {
        this.#folded.warn(
          about,
          "a host has a machine of another host, which does not say that it has it: left alone",
        );
        return;
      }
      this.#proxy.audit({
        ...({ action: "copy.remove", outcome: "success" } as const),
        ...{ agentId: hostId, machineId, machineName: record.name },
      });
      await this.#proxy.requestHost(hostId, "machine.remove", { id: machineId });
      this.#folded.warn(about, "removed a second copy of a machine");
    } catch (error) {
      this.#folded.warn(
        { ...about, reason: describeError(error) },
        "a second copy of a machine could not be removed",
      );
    }
  }
}

/**
 * What a host's report of a machine is: of its own (also where the machine has no host yet), of one that this server does not
 * know, of a second copy that may go, or of another host's machine that is left as it is.
 * @param status null: the host says that it has the machine no more
 */
export function judgeClaim(
  hostId: string,
  record: MachineRecord | null,
  status: MachineStatus | null,
): "own" | "stray" | "copy" | "foreign" {
  if (record === null) return "stray";
  if (record.agentId === null || record.agentId === hostId) return "own";
  return status !== null && !isRecordDamaged(status) ? "copy" : "foreign";
}

/** Its host cannot read what it had written down of it: a person decides what becomes of it. */
function isRecordDamaged({ cause }: MachineStatus): boolean {
  return cause?.code === "RECORD_DAMAGED" || cause?.code === "RECORD_DAMAGED_RUNS";
}

function isSame(record: MachineRecord, change: MachineChange): boolean {
  return Object.entries(change).every(([key, value]) =>
    isDeepStrictEqual(record[key as keyof MachineRecord], value),
  );
}
