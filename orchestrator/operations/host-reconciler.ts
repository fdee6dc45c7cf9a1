import type { Logger } from "pino";
import { describeError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { LiveUpdates } from "../../web/server/live/live-updates.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { Scheduler } from "../schedule/scheduler.ts";

/** How long machines that wait do so before all hosts are asked again. */
const RETRY_MS = 30_000;
const LOST = {
  reason: "Its host does not know it any more. Delete it and create a new one.",
  cause: { code: "MACHINE_LOST", details: {} },
};

export interface HostReconcilerContext {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  readonly facts: HostFactsCache;
  readonly scheduler: Scheduler;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly live: LiveUpdates;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Follows what hosts do and say, and keeps the machines' records true to it. */
export class HostReconciler {
  readonly #options: HostReconcilerContext;
  readonly #unsubscribe: (() => void)[];
  /** Machines that spoke for themselves while a host was asked what it has: the host's answer about them is older. */
  readonly #reportedMeanwhile = new Set<Set<string>>();
  #cancelRetry: (() => void) | null = null;
  #closed = false;

  constructor(options: HostReconcilerContext) {
    this.#options = options;
    const { proxy, repository: book, queue: turns, facts } = options;
    this.#unsubscribe = [
      proxy.on("agent.changed", ({ agentId }) => {
        this.#background(() => this.#onAgentChanged(agentId));
      }),
      proxy.on("image.changed", ({ agentId }) => {
        this.#background(() => this.#onImagesChanged(agentId));
      }),
      proxy.on("machine.state", ({ agentId, machine }) => {
        facts.invalidate(agentId);
        for (const heard of this.#reportedMeanwhile) heard.add(machine.id);
        this.#background(() => turns.run(machine.id, () => book.applyStatus(agentId, machine)));
      }),
      proxy.on("machine.removed", ({ agentId, machineId }) => {
        facts.invalidate(agentId);
        this.#background(() => turns.run(machineId, () => this.#deleteMachine(agentId, machineId)));
      }),
    ];
  }

  /** Finds hosts for machines that wait, now and until all have one. */
  scheduleSoon(): void {
    this.#background(() => this.#scheduleAll());
  }

  /** An image came to a host, or did not: machines may have waited for it. */
  imagesChanged(agentId: string): void {
    this.#background(() => this.#onImagesChanged(agentId));
  }

  /** Finds hosts for those of these machines that nobody here has tried to place. */
  scheduleNew(ids: readonly string[]): void {
    this.#background(() => this.#options.scheduler.scheduleNew(ids));
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #onAgentChanged(agentId: string): Promise<void> {
    const { proxy, catalogue, facts, live } = this.#options;
    catalogue.invalidate(agentId);
    facts.invalidate(agentId);
    live.imagesChanged();
    for (const record of await proxy.stores.machines.list())
      if (record.agentId === agentId) live.machineChanged(record.id);
    for (const desktop of await proxy.stores.desktops.list())
      if (desktop.agentId === agentId) live.desktopChanged(desktop.id);
    if (!this.#connectedHosts().includes(agentId)) return;
    await this.#reconcile(agentId);
    await this.#scheduleAll();
  }

  async #onImagesChanged(agentId: string): Promise<void> {
    this.#options.catalogue.invalidate(agentId);
    this.#options.facts.invalidate(agentId);
    this.#options.live.imagesChanged();
    await this.#scheduleAll();
  }

  async #scheduleAll(): Promise<void> {
    const waiting = await this.#options.scheduler.scheduleAll();
    if (!waiting || this.#closed || this.#cancelRetry !== null) return;
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#background(() => this.#retry());
    });
  }

  /** A host whose answer was lost may have made the machine after all: it is asked what it has first. */
  async #retry(): Promise<void> {
    for (const hostId of this.#connectedHosts()) {
      this.#options.catalogue.invalidate(hostId);
      this.#options.facts.invalidate(hostId);
      await this.#reconcile(hostId).catch((error: unknown) => {
        this.#report(error);
      });
    }
    await this.#scheduleAll();
  }

  /** Brings the records in line with what a host really has. */
  async #reconcile(hostId: string): Promise<void> {
    const { proxy, repository: book, queue: turns } = this.#options;
    const before = (await proxy.stores.machines.list()).filter((record) => record.agentId === hostId);
    const heard = new Set<string>();
    this.#reportedMeanwhile.add(heard);
    try {
      const statuses = await proxy.requestHost(hostId, "machine.list", {});
      for (const status of statuses)
        await turns.run(status.id, async () => {
          if (!heard.has(status.id)) await book.applyStatus(hostId, status);
        });
      const known = new Set([...statuses.map((status) => status.id), ...heard]);
      for (const record of before)
        if (!known.has(record.id)) await turns.run(record.id, () => this.#markMissing(hostId, record));
    } finally {
      this.#reportedMeanwhile.delete(heard);
    }
  }

  /** `seen`: the record before the host was asked; in the meantime the host may have got or lost the machine. */
  async #markMissing(hostId: string, seen: MachineRecord): Promise<void> {
    const { proxy, repository: book } = this.#options;
    const record = await proxy.stores.machines.find(seen.id);
    if (record === null || record.agentId !== hostId) return;
    if (record.state === "queued") await book.update(record.id, { agentId: null });
    else if (seen.state !== "queued" && record.reason !== LOST.reason)
      await book.update(record.id, { state: "failed", ...LOST });
  }

  async #deleteMachine(hostId: string, machineId: string): Promise<void> {
    const record = await this.#options.proxy.stores.machines.find(machineId);
    if (record !== null && record.agentId === hostId) await this.#options.repository.delete(record);
  }

  #connectedHosts(): string[] {
    return this.#options.proxy
      .connectedAgents()
      .filter((agent) => agent.kind === "host")
      .map((agent) => agent.id);
  }

  #background(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      this.#report(error);
    });
  }

  #report(error: unknown): void {
    if (this.#closed) return;
    this.#options.log.warn(
      { event: "machines.failed", reason: describeError(error) },
      "machines could not be brought up to date",
    );
  }
}
