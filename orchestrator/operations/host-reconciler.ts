import type { Logger } from "pino";
import { describeError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { EventBus } from "../event-bus.ts";
import { listConnectedHosts } from "../hosts/host-access.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { MergedCatalogue } from "../images/merged-catalogue.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { Scheduler } from "../schedule/scheduler.ts";

/** How often all hosts are asked again while machines wait. */
const RETRY_MS = 30_000;
const LOST = {
  reason: "Its host does not know it any more. Delete it and create a new one.",
  cause: { code: "MACHINE_LOST", details: {} },
};

interface HostReconcilerContext {
  readonly proxy: Proxy;
  readonly catalogue: MergedCatalogue;
  readonly facts: HostFactsCache;
  readonly scheduler: Scheduler;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the machines' records true to what their hosts report. */
export class HostReconciler {
  readonly #context: HostReconcilerContext;
  readonly #unsubscribe: (() => void)[];
  /** Machines that hosts reported on while they were asked for their lists: the lists are older. */
  readonly #reportedMeanwhile = new Set<Set<string>>();
  #cancelRetry: (() => void) | null = null;
  #closed = false;

  constructor(context: HostReconcilerContext) {
    this.#context = context;
    const { proxy, repository, queue, facts, scheduler, events } = context;
    this.#unsubscribe = [
      proxy.on("agent.changed", ({ agentId }) => {
        this.#background(() => this.#onAgentChanged(agentId));
      }),
      proxy.on("image.changed", ({ agentId }) => {
        this.#background(() => this.#onImagesChanged(agentId));
      }),
      proxy.on("machine.state", ({ agentId, machine }) => {
        facts.invalidate(agentId);
        for (const reported of this.#reportedMeanwhile) reported.add(machine.id);
        this.#background(() => queue.run(machine.id, () => repository.applyStatus(agentId, machine)));
      }),
      proxy.on("machine.removed", ({ agentId, machineId }) => {
        facts.invalidate(agentId);
        this.#background(() => queue.run(machineId, () => this.#deleteMachine(agentId, machineId)));
      }),
      events.on("image.transferEnded", ({ hostId }) => {
        this.#background(() => this.#onImagesChanged(hostId));
      }),
      events.on("serverImages.changed", () => {
        events.emit("images.changed", {});
        this.scheduleSoon();
      }),
      events.on("machine.awaitingHost", ({ ids }) => {
        this.#background(() => scheduler.scheduleNew(ids));
      }),
    ];
  }

  /** Schedules machines that wait, now and until all have a host. */
  scheduleSoon(): void {
    this.#background(() => this.#scheduleAll());
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #onAgentChanged(agentId: string): Promise<void> {
    const { proxy, catalogue, facts, events } = this.#context;
    catalogue.invalidate(agentId);
    facts.invalidate(agentId);
    events.emit("images.changed", {});
    for (const record of await proxy.stores.machines.list())
      if (record.agentId === agentId) events.emit("machine.changed", { id: record.id });
    for (const desktop of await proxy.stores.desktops.list())
      if (desktop.agentId === agentId) events.emit("desktop.changed", { id: desktop.id });
    if (!this.#connectedHosts().includes(agentId)) return;
    await this.#reconcile(agentId);
    await this.#scheduleAll();
  }

  async #onImagesChanged(agentId: string): Promise<void> {
    const { catalogue, facts, events } = this.#context;
    catalogue.invalidate(agentId);
    facts.invalidate(agentId);
    events.emit("images.changed", {});
    await this.#scheduleAll();
  }

  async #scheduleAll(): Promise<void> {
    const waiting = await this.#context.scheduler.scheduleAll();
    if (!waiting || this.#closed || this.#cancelRetry !== null) return;
    this.#cancelRetry = this.#context.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#background(() => this.#retry());
    });
  }

  /** A host whose answer was lost may have created the machine: hosts are first asked what they have. */
  async #retry(): Promise<void> {
    const { catalogue, facts } = this.#context;
    for (const hostId of this.#connectedHosts()) {
      catalogue.invalidate(hostId);
      facts.invalidate(hostId);
      await this.#reconcile(hostId).catch((error: unknown) => {
        this.#report(error);
      });
    }
    await this.#scheduleAll();
  }

  /** Brings the records in line with what a host really has. */
  async #reconcile(hostId: string): Promise<void> {
    const { proxy, repository, queue } = this.#context;
    const before = (await proxy.stores.machines.list()).filter((record) => record.agentId === hostId);
    const reported = new Set<string>();
    this.#reportedMeanwhile.add(reported);
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

  async #deleteMachine(hostId: string, machineId: string): Promise<void> {
    const record = await this.#context.proxy.stores.machines.find(machineId);
    if (record !== null && record.agentId === hostId) await this.#context.repository.delete(record);
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
