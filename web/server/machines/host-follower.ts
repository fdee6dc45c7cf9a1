import type { Logger } from "pino";
import { describeError, type Clock } from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { Live } from "../live/live.ts";
import type { Catalogue } from "./catalogue.ts";
import type { HostFactsBook } from "./hosts/host-facts.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Placement } from "./placement.ts";
import type { Turns } from "./turns.ts";

/** How long machines that wait do so before all hosts are asked again. */
const RETRY_MS = 30_000;
const LOST = {
  reason: "Its host does not know it any more. Delete it and create a new one.",
  cause: { code: "MACHINE_LOST", details: {} },
};

export interface HostFollowerOptions {
  readonly proxy: Proxy;
  readonly catalogue: Catalogue;
  readonly facts: HostFactsBook;
  readonly placement: Placement;
  readonly book: MachineBook;
  readonly turns: Turns;
  readonly live: Live;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Follows what hosts do and say, and keeps the machines' records true to it. */
export class HostFollower {
  readonly #options: HostFollowerOptions;
  readonly #unsubscribe: (() => void)[];
  /** Machines that spoke for themselves while a host was asked what it has: the host's answer about them is older. */
  readonly #heard = new Set<Set<string>>();
  #cancelRetry: (() => void) | null = null;
  #closed = false;

  constructor(options: HostFollowerOptions) {
    this.#options = options;
    const { proxy, book, turns, facts } = options;
    this.#unsubscribe = [
      proxy.on("agent.changed", ({ agentId }) => {
        this.#background(() => this.#followAgent(agentId));
      }),
      proxy.on("image.changed", ({ agentId }) => {
        this.#background(() => this.#followImages(agentId));
      }),
      proxy.on("machine.state", ({ agentId, machine }) => {
        facts.forget(agentId);
        for (const heard of this.#heard) heard.add(machine.id);
        this.#background(() => turns.run(machine.id, () => book.keep(agentId, machine)));
      }),
      proxy.on("machine.removed", ({ agentId, machineId }) => {
        facts.forget(agentId);
        this.#background(() => turns.run(machineId, () => this.#strike(agentId, machineId)));
      }),
    ];
  }

  /** Finds hosts for machines that wait, now and until all have one. */
  placeSoon(): void {
    this.#background(() => this.#placeAll());
  }

  /** An image came to a host, or did not: machines may have waited for it. */
  imagesMoved(agentId: string): void {
    this.#background(() => this.#followImages(agentId));
  }

  /** Finds hosts for those of these machines that nobody here has tried to place. */
  placeNew(ids: readonly string[]): void {
    this.#background(() => this.#options.placement.placeNew(ids));
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #followAgent(agentId: string): Promise<void> {
    const { proxy, catalogue, facts, live } = this.#options;
    catalogue.forget(agentId);
    facts.forget(agentId);
    live.imagesChanged();
    for (const record of await proxy.stores.machines.list())
      if (record.agentId === agentId) live.machineChanged(record.id);
    for (const desktop of await proxy.stores.desktops.list())
      if (desktop.agentId === agentId) live.desktopChanged(desktop.id);
    if (!this.#connectedHosts().includes(agentId)) return;
    await this.#reconcile(agentId);
    await this.#placeAll();
  }

  async #followImages(agentId: string): Promise<void> {
    this.#options.catalogue.forget(agentId);
    this.#options.facts.forget(agentId);
    this.#options.live.imagesChanged();
    await this.#placeAll();
  }

  async #placeAll(): Promise<void> {
    const waiting = await this.#options.placement.placeAll();
    if (!waiting || this.#closed || this.#cancelRetry !== null) return;
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#background(() => this.#retry());
    });
  }

  /** A host whose answer was lost may have made the machine after all: it is asked what it has first. */
  async #retry(): Promise<void> {
    for (const hostId of this.#connectedHosts()) {
      this.#options.catalogue.forget(hostId);
      this.#options.facts.forget(hostId);
      await this.#reconcile(hostId).catch((error: unknown) => {
        this.#report(error);
      });
    }
    await this.#placeAll();
  }

  /** Brings the records in line with what a host really has. */
  async #reconcile(hostId: string): Promise<void> {
    const { proxy, book, turns } = this.#options;
    const before = (await proxy.stores.machines.list()).filter((record) => record.agentId === hostId);
    const heard = new Set<string>();
    this.#heard.add(heard);
    try {
      const statuses = await proxy.requestHost(hostId, "machine.list", {});
      for (const status of statuses)
        await turns.run(status.id, async () => {
          if (!heard.has(status.id)) await book.keep(hostId, status);
        });
      const known = new Set([...statuses.map((status) => status.id), ...heard]);
      for (const record of before)
        if (!known.has(record.id)) await turns.run(record.id, () => this.#missing(hostId, record));
    } finally {
      this.#heard.delete(heard);
    }
  }

  /** `seen`: the record before the host was asked; in the meantime the host may have got or lost the machine. */
  async #missing(hostId: string, seen: MachineRecord): Promise<void> {
    const { proxy, book } = this.#options;
    const record = await proxy.stores.machines.find(seen.id);
    if (record === null || record.agentId !== hostId) return;
    if (record.state === "queued") await book.change(record.id, { agentId: null });
    else if (seen.state !== "queued" && record.reason !== LOST.reason)
      await book.change(record.id, { state: "failed", ...LOST });
  }

  async #strike(hostId: string, machineId: string): Promise<void> {
    const record = await this.#options.proxy.stores.machines.find(machineId);
    if (record !== null && record.agentId === hostId) await this.#options.book.strike(record);
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
