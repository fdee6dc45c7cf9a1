import type { Logger } from "pino";
import { describeError, type MachineStatus } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { Live } from "../live/live.ts";
import { isScreenOf } from "../view/snapshot.ts";

export type MachineChange = Parameters<Proxy["stores"]["machines"]["update"]>[1];

/** Writes down what becomes of machines, and tells the pages. Its callers hold the machine's turn. */
export class MachineBook {
  readonly #proxy: Proxy;
  readonly #live: Live;
  readonly #log: Logger;

  constructor(proxy: Proxy, live: Live, log: Logger) {
    this.#proxy = proxy;
    this.#live = live;
    this.#log = log;
  }

  async change(id: string, change: MachineChange): Promise<MachineRecord | null> {
    const record = await this.#proxy.stores.machines.update(id, change);
    this.#live.machineChanged(id);
    return record;
  }

  /** What a host says about a machine. A second copy on another host, left by a lost answer, is removed there. */
  async keep(hostId: string, status: MachineStatus): Promise<MachineRecord | null> {
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
    const change = {
      agentId: hostId,
      state: status.state,
      reason: status.reason ?? null,
      accel: status.accel ?? null,
      cpus: status.cpus,
      memoryMb: status.memoryMb,
    };
    if (isSame(record, change)) return record;
    if (record.state !== status.state)
      this.#log.info(
        { event: "machine.state", machineId: record.id, agentId: hostId, state: status.state },
        "machine changed its state",
      );
    return this.change(record.id, change);
  }

  /** The machine is gone, and with it its desktop and every token for it. */
  async strike(record: MachineRecord): Promise<void> {
    const { machines, desktops } = this.#proxy.stores;
    await machines.remove(record.id);
    this.#live.machineGone(record.id, record.ownerId);
    for (const desktop of await desktops.list()) {
      if (!isScreenOf(desktop, record)) continue;
      await desktops.remove(desktop.id);
      this.#live.desktopChanged(desktop.id);
    }
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
  return Object.entries(change).every(([key, value]) => record[key as keyof MachineRecord] === value);
}
