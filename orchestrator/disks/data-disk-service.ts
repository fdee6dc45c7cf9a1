import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import {
  describeError,
  isPosternError,
  type Clock,
  type DiskCopy,
  type DiskRef,
} from "../../protocol/index.ts";
import type { AuditReader, ConnectedAgent, Proxy } from "../../proxy/index.ts";
import { refuse } from "../errors.ts";
import { runDiskTransfer } from "./run-disk-transfer.ts";
import { locateDisk, type DiskLocation } from "./locate-disk.ts";
import { planDiskTransfers, type DiskTransferPlan } from "./plan-disk-transfers.ts";

/** How often journeys are looked for that nobody conducts, in milliseconds. */
const LOOK_MS = 30_000;

export interface KnownDisk {
  readonly host: ConnectedAgent;
  readonly copy: DiskCopy;
}

export interface DataDiskServiceContext {
  readonly proxy: Proxy;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Hears of journeys that are conducted here. */
export interface DiskTransferListener {
  /** Another hundredth of it has arrived. */
  onProgress(disk: DiskRef, fraction: number): void;
  /** It is over, or goes on later; `failure`: why it did not come to its goal. */
  onEnd(plan: DiskTransferPlan, failure: unknown): void;
}

/** Who sends a disk: a person, or the server for a machine. */
export type DiskTransferInitiator = AuditReader | { readonly machineId: string };

/** People's data disks on the hosts that are connected here, and their journeys. */
export class DataDiskService {
  readonly #proxy: Proxy;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  /** By journey: how much has arrived. */
  readonly #running = new Map<string, number>();
  /** Journeys whose failure was audited. */
  readonly #auditedFailures = new Set<string>();
  readonly #listeners = new Set<DiskTransferListener>();
  #cancel: (() => void) | undefined;

  constructor({ proxy, clock, log }: DataDiskServiceContext) {
    this.#proxy = proxy;
    this.#clock = clock;
    this.#log = log;
    this.#resumeLater();
  }

  /** @returns ends it */
  subscribe(listener: DiskTransferListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A disk on its way counts once: at the end that is, or was last, the disk. Hosts that do not answer are left out. */
  async list(): Promise<KnownDisk[]> {
    const all = await this.#listCopies();
    const hosts = new Map(this.#hosts().map((host) => [host.id, host]));
    return [...all].flatMap(([id, copies]) => {
      const host = hosts.get(id);
      if (host === undefined) return [];
      return copies
        .filter(({ state }) => state !== "arriving" && state !== "arrived")
        .map((copy) => ({ host, copy }));
    });
  }

  /** @throws RequestError `DISK_UNKNOWN`, and what its host refuses with */
  async remove(ref: DiskRef): Promise<void> {
    const { host } = await this.#find(ref);
    await this.#proxy.requestHost(host.id, "disk.remove", ref);
  }

  /**
   * Begins a journey to a host, named by id or name; it goes on in the background, and after a restart of anybody.
   * @throws RequestError `DISK_UNKNOWN`, `DISK_HOST`, and what its host refuses with
   */
  async move(ref: DiskRef, goalHost: string, sender: DiskTransferInitiator): Promise<void> {
    const { host } = await this.#find(ref);
    const hosts = this.#hosts();
    const goal = hosts.find(({ id }) => id === goalHost) ?? hosts.find(({ name }) => name === goalHost);
    if (goal === undefined || goal.id === host.id) throw refuse("DISK_HOST");
    await this.send(ref, host.id, goal.id, sender);
  }

  /**
   * As {@link move}, between hosts that are named by their agents' ids.
   * @throws RequestError what the host refuses with
   */
  async send(ref: DiskRef, from: string, to: string, sender: DiskTransferInitiator): Promise<void> {
    const plan = { ...ref, journey: randomUUID(), from, to };
    await this.#proxy.requestHost(from, "disk.export", { ...ref, journey: plan.journey, partner: to });
    const diskName = `${ref.owner}/${ref.name}`;
    this.#proxy.audit({ action: "disk.move", outcome: "success", ...sender, agentId: to, diskName });
    void this.#run(plan);
  }

  /**
   * Where a disk is, for a machine that wants it. What was left half-way goes on; a journey whose other end is not
   * connected is given up while the disk has not left.
   */
  async locate(ref: DiskRef): Promise<DiskLocation> {
    const copies = await this.#listCopies();
    const found = locateDisk(ref, copies);
    for (const plan of planDiskTransfers(copies))
      if (plan.owner === ref.owner && plan.name === ref.name) void this.#run(plan);
    if (found.kind !== "cut-off") return found;
    const { host, partner, journey } = found;
    // It only did not answer this time.
    if (this.#hosts().some(({ id }) => id === partner))
      return { kind: "travels", plan: { ...ref, journey, from: host, to: partner } };
    if (!found.mayStay) return found;
    await this.#proxy.requestHost(found.host, "disk.stay", { journey: found.journey });
    return { kind: "still", host: found.host };
  }

  /** How much of a disk has arrived, 0 to 1. */
  progressOf({ journey }: DiskTransferPlan): number {
    return this.#running.get(journey) ?? 0;
  }

  close(): void {
    this.#cancel?.();
    this.#closing.abort();
  }

  #hosts(): ConnectedAgent[] {
    return this.#proxy.connectedAgents().filter(({ kind }) => kind === "host");
  }

  async #listCopies(): Promise<Map<string, DiskCopy[]>> {
    const answers = await Promise.all(
      this.#hosts().map(async ({ id }) => {
        try {
          return [[id, await this.#proxy.requestHost(id, "disk.list", {})] as const];
        } catch {
          return [];
        }
      }),
    );
    return new Map(answers.flat());
  }

  async #find(ref: DiskRef): Promise<KnownDisk> {
    const found = (await this.list()).find(({ copy }) => copy.owner === ref.owner && copy.name === ref.name);
    if (found === undefined) throw refuse("DISK_UNKNOWN");
    return found;
  }

  #resumeLater(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void this.#resumeTransfers().finally(() => {
        if (!this.#closing.signal.aborted) this.#resumeLater();
      });
    });
  }

  /** What a crash left half-way. With fewer than two hosts nothing can travel. */
  async #resumeTransfers(): Promise<void> {
    if (this.#hosts().length < 2) return;
    for (const plan of planDiskTransfers(await this.#listCopies())) void this.#run(plan);
  }

  async #run(plan: DiskTransferPlan): Promise<void> {
    const { journey, from, to, owner, name } = plan;
    if (this.#running.has(journey)) return;
    this.#running.set(journey, 0);
    const about = { journey, from, to };
    const ask: Proxy["requestHost"] = (host, method, params) => this.#proxy.requestHost(host, method, params);
    let failure: unknown = null;
    try {
      const end = await runDiskTransfer(plan, ask, this.#clock, this.#closing.signal, (fraction) => {
        this.#onProgress(plan, fraction);
      });
      if (end === "stayed") return;
      await this.#proxy.stores.dataDisks.place(`${owner}/${name}`, to);
      this.#log.info({ event: "disk.moved", ...about }, "a data disk came to another host");
      this.#audit(plan, null);
    } catch (error) {
      failure = error;
      if (this.#closing.signal.aborted) return;
      this.#log.warn(
        { event: "disk.waits", ...about, why: describeError(error) },
        "a data disk's journey waits",
      );
      this.#audit(plan, error);
    } finally {
      this.#running.delete(journey);
      if (!this.#closing.signal.aborted)
        for (const listener of this.#listeners) listener.onEnd(plan, failure);
    }
  }

  #onProgress(plan: DiskTransferPlan, fraction: number): void {
    const before = this.#running.get(plan.journey) ?? 0;
    this.#running.set(plan.journey, fraction);
    if (Math.floor(fraction * 100) === Math.floor(before * 100)) return;
    for (const listener of this.#listeners) listener.onProgress(plan, fraction);
  }

  /** A failure is told once: the journey may be tried for days. */
  #audit({ journey, owner, name, to }: DiskTransferPlan, failure: unknown): void {
    const about = { action: "disk.arrive", agentId: to, diskName: `${owner}/${name}` };
    if (failure === null) {
      this.#auditedFailures.delete(journey);
      this.#proxy.audit({ ...about, outcome: "success" });
    } else if (!this.#auditedFailures.has(journey)) {
      this.#auditedFailures.add(journey);
      const reason = isPosternError(failure) ? failure.code : "INTERNAL";
      this.#proxy.audit({ ...about, outcome: "failure", reason });
    }
  }
}
