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
import { orchestratorError } from "../orchestrator-errors.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { bindRequestHost, listConnectedHosts, type RequestHost } from "../hosts/host-access.ts";
import { locateDisk, planDiskTransfers, type DiskLocation, type DiskTransferPlan } from "./disk-location.ts";
import { runDiskTransfer } from "./run-disk-transfer.ts";

/** How often interrupted transfers are looked for, in milliseconds. */
const LOOK_MS = 30_000;

export interface KnownDisk {
  readonly host: ConnectedAgent;
  readonly copy: DiskCopy;
}

interface DataDiskServiceContext {
  readonly proxy: Proxy;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who sends a disk: a person, or the server for a machine. */
type DiskTransferInitiator = AuditReader | { readonly machineId: string };

/** People's data disks on the hosts that are connected here, and their transfers between hosts. */
export class DataDiskService {
  readonly #proxy: Proxy;
  readonly #request: RequestHost;
  readonly #events: OrchestratorEventEmitter;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  /** How much has arrived, 0 to 1, by the transfer's id. */
  readonly #running = new Map<string, number>();
  /** Transfers whose failure was audited. */
  readonly #auditedFailures = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor({ proxy, events, clock, log }: DataDiskServiceContext) {
    this.#proxy = proxy;
    this.#request = bindRequestHost(proxy);
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
    this.#resumeLater();
  }

  /** A disk in transfer counts once: at the end that is, or was last, the disk. Hosts that do not answer are left out. */
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
    await this.#request(host.id, "disk.remove", ref);
  }

  /**
   * Begins a transfer to a host, named by id or name. It runs in the background and survives a restart of any side.
   * @throws RequestError `DISK_UNKNOWN`, `DISK_HOST`, `HOST_AMBIGUOUS`, and what its host refuses with
   */
  async move(ref: DiskRef, destination: string, sender: DiskTransferInitiator): Promise<void> {
    const { host } = await this.#find(ref);
    const to = await this.#findHost(destination);
    if (to === null || to === host.id) throw orchestratorError("DISK_HOST");
    await this.send({ ...ref, from: host.id, to }, sender);
  }

  /**
   * As {@link move}, between hosts that are named by their agents' ids.
   * @throws RequestError what the host refuses with
   */
  async send(route: Omit<DiskTransferPlan, "journey">, sender: DiskTransferInitiator): Promise<void> {
    const { owner, name, from, to } = route;
    const journey = randomUUID();
    const plan: DiskTransferPlan = { owner, name, journey, from, to };
    await this.#request(from, "disk.export", { owner, name, journey, partner: to });
    const diskName = `${owner}/${name}`;
    this.#proxy.audit({ action: "disk.move", outcome: "success", ...sender, agentId: to, diskName });
    void this.#run(plan);
  }

  /**
   * Where a disk is, for a machine that needs it. Has side effects: an interrupted transfer is resumed, and one whose
   * other end is not connected is given up while the source still is the disk.
   */
  async locate(ref: DiskRef): Promise<DiskLocation> {
    const copies = await this.#listCopies();
    const found = locateDisk(ref, copies);
    for (const plan of planDiskTransfers(copies))
      if (plan.owner === ref.owner && plan.name === ref.name) void this.#run(plan);
    if (found.kind !== "interrupted") return found;
    const { host, partner, journey } = found;
    // It is connected and only did not answer this time.
    if (this.#hosts().some(({ id }) => id === partner))
      return { kind: "inTransfer", plan: { ...ref, journey, from: host, to: partner } };
    if (!found.mayStay) return found;
    await this.#request(host, "disk.stay", { journey });
    return { kind: "stored", host };
  }

  /** How much of a disk has arrived, 0 to 1. */
  progressOf({ journey }: DiskTransferPlan): number {
    return this.#running.get(journey) ?? 0;
  }

  close(): void {
    this.#cancel?.();
    this.#closing.abort();
  }

  /** A name means a host whether it is connected or not: another one of its name must not stand in for it. */
  async #findHost(reference: string): Promise<string | null> {
    const connected = new Map(this.#hosts().map(({ id, name }) => [id, name]));
    if (connected.has(reference)) return reference;
    const known = (await this.#proxy.stores.agents.listHosts()).filter(
      ({ admittedAt }) => admittedAt !== null,
    );
    const names = new Map([...known.map(({ id, name }) => [id, name] as const), ...connected]);
    const [only, ...others] = [...names].filter(([, name]) => name === reference).map(([id]) => id);
    if (others.length > 0) throw orchestratorError("HOST_AMBIGUOUS");
    return only !== undefined && connected.has(only) ? only : null;
  }

  #hosts(): ConnectedAgent[] {
    return listConnectedHosts(this.#proxy);
  }

  async #listCopies(): Promise<Map<string, DiskCopy[]>> {
    const answers = await Promise.all(
      this.#hosts().map(async ({ id }) => {
        try {
          return [[id, await this.#request(id, "disk.list", {})] as const];
        } catch {
          return [];
        }
      }),
    );
    return new Map(answers.flat());
  }

  async #find(ref: DiskRef): Promise<KnownDisk> {
    const found = (await this.list()).find(({ copy }) => copy.owner === ref.owner && copy.name === ref.name);
    if (found === undefined) throw orchestratorError("DISK_UNKNOWN");
    return found;
  }

  #resumeLater(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void this.#resumeTransfers().finally(() => {
        if (!this.#closing.signal.aborted) this.#resumeLater();
      });
    });
  }

  /** After a crash. With fewer than two hosts there is no transfer. */
  async #resumeTransfers(): Promise<void> {
    if (this.#hosts().length < 2) return;
    for (const plan of planDiskTransfers(await this.#listCopies())) void this.#run(plan);
  }

  async #run(plan: DiskTransferPlan): Promise<void> {
    const { journey, from, to, owner, name } = plan;
    if (this.#running.has(journey)) return;
    this.#running.set(journey, 0);
    const about = { journey, from, to };
    let failure: unknown = null;
    try {
      const result = await runDiskTransfer(plan, {
        request: this.#request,
        clock: this.#clock,
        signal: this.#closing.signal,
        onProgress: (fraction) => {
          this.#onProgress(plan, fraction);
        },
      });
      if (result.kind === "stayed") return;
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
        this.#events.emit("disk.transferEnded", { disk: { owner, name }, from, to, failure });
    }
  }

  #onProgress(plan: DiskTransferPlan, fraction: number): void {
    const before = this.#running.get(plan.journey) ?? 0;
    this.#running.set(plan.journey, fraction);
    if (Math.floor(fraction * 100) === Math.floor(before * 100)) return;
    this.#events.emit("disk.progress", { disk: { owner: plan.owner, name: plan.name }, fraction });
  }

  /** A failure is audited once: the transfer may be retried for days. */
  #audit({ journey, owner, name, to }: DiskTransferPlan, failure: unknown): void {
    const about = { action: "disk.arrive", agentId: to, diskName: `${owner}/${name}` } as const;
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
