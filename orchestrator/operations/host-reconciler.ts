import type { Logger } from "pino";
import { describeError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { listConnectedHosts } from "../hosts/host-access.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import { MachineReports } from "./machine-reports.ts";

/** A host's images are read again after a change at most so often. */
const IMAGES_WINDOW_MS = 1_000;
/** Machines of one host that are noted while it is asked for its list; more than these no host has. */
const MAX_REPORTED = 10_000;
const LOST = {
  reason: "Its host does not know it any more. Delete it and create a new one.",
  cause: { code: "MACHINE_LOST", details: {} },
};

interface HostReconcilerContext {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  readonly facts: HostFactsCache;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the machines' records true to what their hosts report. */
export class HostReconciler {
  readonly #context: HostReconcilerContext;
  readonly #unsubscribe: (() => void)[];
  readonly #reports: MachineReports;
  /** Machines that a host reported on while it was asked for its list, with the host's id: the list is older. */
  readonly #reportedMeanwhile = new Map<Set<string>, string>();
  /** Hosts whose images have changed again since they were last read. */
  readonly #imageWindows = new Map<string, { again: boolean; readonly cancel: () => void }>();
  #closed = false;

  constructor(context: HostReconcilerContext) {
    this.#context = context;
    const { proxy, repository, queue, facts, events } = context;
    const onFailure = (error: unknown): void => {
      this.#report(error);
    };
    this.#reports = new MachineReports({ proxy, repository, queue, onFailure });
    this.#unsubscribe = [
      proxy.on("agent.changed", ({ agentId }) => {
        this.#background(() => this.#onAgentChanged(agentId));
      }),
      proxy.on("image.changed", ({ agentId }) => {
        this.#readImagesSoon(agentId);
      }),
      proxy.on("machine.state", ({ agentId, machine }) => {
        this.#noteReport(agentId, machine.id);
        return this.#reports.add(agentId, machine.id, machine);
      }),
      proxy.on("machine.removed", ({ agentId, machineId }) => {
        facts.invalidate(agentId);
        return this.#reports.add(agentId, machineId, "removed");
      }),
      events.on("image.transferEnded", ({ hostId }) => {
        this.#onImagesChanged(hostId);
      }),
      events.on("serverImages.changed", () => {
        events.emit("images.changed", {});
      }),
    ];
  }

  /** Asks every host what it has. */
  async reconcileAll(): Promise<void> {
    const { catalogue, facts } = this.#context;
    for (const hostId of this.#connectedHosts()) {
      catalogue.invalidate(hostId);
      facts.invalidate(hostId);
      await this.#reconcile(hostId).catch((error: unknown) => {
        this.#report(error);
      });
    }
  }

  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#imageWindows.values()) cancel();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #onAgentChanged(agentId: string): Promise<void> {
    const { proxy, catalogue, facts, events } = this.#context;
    catalogue.invalidate(agentId);
    facts.invalidate(agentId);
    events.emit("images.changed", {});
    for (const { id } of await proxy.stores.machines.listByAgent(agentId))
      events.emit("machine.changed", { id });
    for (const { id } of await proxy.stores.desktops.listByAgent(agentId))
      events.emit("desktop.changed", { id });
    if (!this.#connectedHosts().includes(agentId)) return;
    await this.#reconcile(agentId);
    events.emit("hosts.changed", {});
  }

  /** At once, and from then on at most once in a while: a host may say so as often as it likes. */
  #readImagesSoon(hostId: string): void {
    const window = this.#imageWindows.get(hostId);
    if (window !== undefined) {
      window.again = true;
      return;
    }
    const cancel = this.#context.clock.after(IMAGES_WINDOW_MS, () => {
      const { again } = opened;
      this.#imageWindows.delete(hostId);
      if (again) this.#readImagesSoon(hostId);
    });
    const opened = { again: false, cancel };
    this.#imageWindows.set(hostId, opened);
    this.#onImagesChanged(hostId);
  }

  #onImagesChanged(agentId: string): void {
    const { catalogue, facts, events } = this.#context;
    catalogue.invalidate(agentId);
    facts.invalidate(agentId);
    events.emit("images.changed", {});
    events.emit("hosts.changed", {});
  }

  /** Brings the records in line with what a host really has. */
  async #reconcile(hostId: string): Promise<void> {
    const { proxy, repository, queue } = this.#context;
    const before = await proxy.stores.machines.listByAgent(hostId);
    const reported = new Set<string>();
    this.#reportedMeanwhile.set(reported, hostId);
    try {
      const statuses = await proxy.requestHost(hostId, "machine.list", {});
      for (const status of statuses)
        await queue.run(status.id, async () => {
          if (!reported.has(status.id)) await repository.applyStatus(hostId, status);
        });
      const known = new Set([...statuses.map((status) => status.id), ...reported]);
      for (const record of before)
        if (!known.has(record.id)) await queue.run(record.id, () => this.#markMissing(hostId, record));
    } finally {
      this.#reportedMeanwhile.delete(reported);
    }
  }

  /** @param seen the record before the host was asked; meanwhile the host may have received or lost the machine */
  async #markMissing(hostId: string, seen: MachineRecord): Promise<void> {
    const { proxy, repository } = this.#context;
    const record = await proxy.stores.machines.find(seen.id);
    if (record === null || record.agentId !== hostId) return;
    if (record.state === "queued") await repository.update(record.id, { agentId: null });
    else if (seen.state !== "queued" && !isLost(record))
      await repository.update(record.id, { state: "failed", ...LOST });
  }

  #noteReport(hostId: string, machineId: string): void {
    this.#context.facts.invalidate(hostId);
    for (const [reported, host] of this.#reportedMeanwhile)
      if (host === hostId && reported.size < MAX_REPORTED) reported.add(machineId);
  }

  #connectedHosts(): string[] {
    return listConnectedHosts(this.#context.proxy).map(({ id }) => id);
  }

  #background(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      this.#report(error);
    });
  }

  #report(error: unknown): void {
    if (this.#closed) return;
    this.#context.log.warn(
      { event: "machines.failed", reason: describeError(error) },
      "machines could not be brought up to date",
    );
  }
}

/** Records of older releases have no cause. */
function isLost({ reason, cause }: MachineRecord): boolean {
  return cause?.code === LOST.cause.code || reason === LOST.reason;
}
