import type { Logger } from "pino";
import { describeError, isPosternError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineChange, MachineRecord, Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/index.ts";
import type { ImageTransfers } from "../images/index.ts";
import { toHostCreateParams } from "./host-create-params.ts";
import { describeHostRejection } from "./describe-host-rejection.ts";
import { explainWaiting, type HostRejection } from "./explain-waiting.ts";
import { describeDiskTransfer } from "./needed-disk.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { CandidateCollector } from "./candidate-collector.ts";
import { checkHost, rankHosts, type CandidateHost, type NeededDisk } from "./check-host.ts";
import type { RejectionCache } from "./rejection-cache.ts";
import type { ImageWaits } from "../machines/image-waits.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import { isAwaitingImage, isAwaitingHost } from "../machines/awaiting-host.ts";

/** Codes of an image's journey after which another one may end well. */
const TRANSIENT_IMAGE_ERRORS = new Set([
  "IMAGE_CHANGED",
  "IMAGE_JOURNEY",
  "IMAGE_STUCK",
  "HOST_IMAGES_FULL",
  "HOST_DISK",
]);
/** A server that died with a machine in its hands keeps the others from it for so long. */
const CLAIM_MS = 60_000;

export interface SchedulerContext {
  readonly proxy: Proxy;
  readonly candidates: CandidateCollector;
  readonly facts: HostFactsCache;
  readonly imageTransfers: ImageTransfers;
  readonly imageWaits: ImageWaits;
  readonly disks: DataDiskService;
  /** Hosts to which no disk travels again for a machine. */
  readonly rejections: RejectionCache;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Finds a host for each machine that waits for one. */
export class Scheduler {
  readonly #options: SchedulerContext;
  /** Machines that wait and were tried here already. */
  #tried = new Set<string>();

  constructor(options: SchedulerContext) {
    this.#options = options;
  }

  /** Tries every machine that waits; says whether some still do. */
  async scheduleAll(): Promise<boolean> {
    const { machines } = this.#options.proxy.stores;
    const waiting = (await machines.list()).filter(isAwaitingHost);
    this.#tried = new Set(waiting.map(({ id }) => id));
    for (const record of waiting.sort((a, b) => a.createdAt - b.createdAt)) await this.schedule(record.id);
    return (await machines.list()).some(isAwaitingHost);
  }

  /** Tries those that were not tried here yet: another server queued them. */
  async scheduleNew(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#tried.has(id)) continue;
      this.#tried.add(id);
      await this.schedule(id);
    }
  }

  /** Asks one host after the other to make the machine. It stays queued, with a reason, while none can be asked. */
  async schedule(id: string): Promise<void> {
    const { proxy, queue: turns, clock } = this.#options;
    const { machines } = proxy.stores;
    await turns.run(id, async () => {
      const seen = await machines.find(id);
      if (seen === null || !isAwaitingHost(seen) || (await this.#isLeftToOtherServers())) return;
      const record = await machines.claim(id, proxy.serverId, clock.now() + CLAIM_MS);
      if (record === null) return;
      try {
        await this.#scheduleClaimed(record);
      } finally {
        await machines.release(id, proxy.serverId);
      }
    });
  }

  /** No host is connected here, but one is to another server, which places what waits. */
  async #isLeftToOtherServers(): Promise<boolean> {
    const { proxy } = this.#options;
    if (proxy.connectedAgents().some(({ kind }) => kind === "host")) return false;
    return (await proxy.stores.agents.list()).some(
      ({ kind, serverId }) => kind === "host" && serverId !== null && serverId !== proxy.serverId,
    );
  }

  async #scheduleClaimed(record: MachineRecord): Promise<void> {
    const { proxy, candidates: hosts, clock } = this.#options;
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    const field = await hosts.collect(record, owner);
    const { dataDisk } = field.need;
    if (dataDisk !== null && dataDisk.wait !== null) {
      const { said, progress } = dataDisk.wait;
      if (said !== null)
        await this.#updateStatus(record, { state: "queued", ...said, progress, tried: field.down });
      return;
    }
    const verdicts: HostRejection[] = [];
    const fitting: CandidateHost[] = [];
    for (const host of field.candidates) {
      const unfit = checkHost(field.need, host);
      if (unfit === null) fitting.push(host);
      else verdicts.push({ host: host.name, asked: false, ...unfit });
    }
    for (const host of rankHosts(field.need, fitting)) {
      await proxy.stores.machines.claim(record.id, proxy.serverId, clock.now() + CLAIM_MS);
      if (isDiskElsewhere(dataDisk, host)) {
        const refusal = await this.#sendDisk(dataDisk, host, record);
        if (refusal === null) {
          const tried = verdicts.map(({ host, why }) => ({ host, why }));
          const said = describeDiskTransfer(dataDisk.name, 0);
          await this.#updateStatus(record, { state: "queued", ...said, progress: 0, tried });
          return;
        }
        verdicts.push(refusal);
        continue;
      }
      const outcome =
        (await this.#bringImage(host, record)) ?? (await this.#createOnHost(host, record, dataDisk, owner));
      if (outcome === "settled") return;
      verdicts.push(outcome);
    }
    const waited = this.#options.imageWaits.end(record.id);
    // Another server has the image brought to a host of its own.
    if (isAwaitingImage(record) && !waited && field.onOtherServers) return;
    const { state, reason, cause, tried } = explainWaiting(record.image, field, verdicts);
    // Another server's hosts may take what ours cannot.
    const waits = field.onOtherServers ? "queued" : state;
    await this.#updateStatus(record, { state: waits, reason, cause, progress: null, tried });
  }

  /** Has the disk brought to a host that can take the machine; it is placed when the disk is there. */
  async #sendDisk(
    disk: NeededDisk & LocatedDisk,
    host: CandidateHost,
    record: MachineRecord,
  ): Promise<HostRejection | null> {
    const { disks, rejections: refusals, log } = this.#options;
    const refused = refusals.find(record.id, host.id);
    if (refused !== null) return { host: host.name, asked: true, ...refused };
    const { owner, name, hostId } = disk;
    try {
      await disks.send({ owner, name }, hostId, host.id, { machineId: record.id });
      return null;
    } catch (error) {
      const about = { machineId: record.id, agentId: hostId, reason: describeError(error) };
      log.warn({ event: "disk.refused", ...about }, "a host did not let a data disk go");
      return { host: host.name, asked: true, ...describeHostRejection(error) };
    }
  }

  async #updateStatus(record: MachineRecord, said: WaitingStatus): Promise<void> {
    const change: MachineChange = { agentId: null, ...said };
    if (!hasStatus(record, said)) await this.#options.repository.update(record.id, change);
  }

  /** Has the server's image brought to a host. Null: it is there; `settled`: it is on its way, and the machine waits for it. */
  async #bringImage(host: CandidateHost, record: MachineRecord): Promise<HostRejection | "settled" | null> {
    const { imageTransfers: journeys, imageWaits: waits } = this.#options;
    if (host.fetch === undefined) return null;
    try {
      const progress = await journeys.ensure(host.id, host.fetch.content);
      if (progress === null) return null;
      await waits.begin(record.id, host.id, record.image, progress);
      return "settled";
    } catch (error) {
      const refusal = describeHostRejection(error);
      const passes = isPosternError(error) && TRANSIENT_IMAGE_ERRORS.has(error.code);
      return { host: host.name, asked: true, ...refusal, permanent: refusal.permanent && !passes };
    }
  }

  /** The host is written down before it is asked: an answer that is lost is then found when it comes back. */
  async #createOnHost(
    host: CandidateHost,
    record: MachineRecord,
    disk: NeededDisk | null,
    owner: string,
  ): Promise<HostRejection | "settled"> {
    const { proxy, repository: book, facts, rejections: refusals, log, imageWaits: waits } = this.#options;
    const about = { machineId: record.id, agentId: host.id };
    waits.end(record.id);
    const asked = isAwaitingImage(record) ? ({ state: "queued", progress: null } as const) : {};
    await proxy.stores.machines.update(record.id, { agentId: host.id, ...asked });
    try {
      const order = toHostCreateParams(record, owner, disk !== null && disk.hostId !== null);
      const status = await proxy.requestHost(host.id, "machine.create", order);
      if (record.wish.dataDisk !== undefined)
        await proxy.stores.dataDisks.place(`${owner}/${record.wish.dataDisk.name}`, host.id);
      await book.applyStatus(host.id, status);
      log.info({ event: "machine.placed", ...about }, "a host took a machine");
      return "settled";
    } catch (error) {
      log.warn(
        { event: "machine.refused", ...about, reason: describeError(error) },
        "a host did not take a machine",
      );
      await proxy.stores.machines.update(record.id, { agentId: null });
      const refusal = describeHostRejection(error);
      if (refusal.permanent) refusals.add(record.id, host.id, refusal);
      return { host: host.name, asked: true, ...refusal };
    } finally {
      facts.invalidate(host.id);
    }
  }
}

/** What a machine's record says while it has no host. */
type WaitingStatus = Pick<MachineRecord, "state" | "reason" | "cause" | "progress" | "tried">;

interface LocatedDisk {
  readonly hostId: string;
}

function isDiskElsewhere(disk: NeededDisk | null, host: CandidateHost): disk is NeededDisk & LocatedDisk {
  return disk !== null && disk.hostId !== null && disk.hostId !== host.id;
}

function hasStatus(record: MachineRecord, said: WaitingStatus): boolean {
  return (
    record.state === said.state &&
    record.reason === said.reason &&
    record.progress === said.progress &&
    JSON.stringify(record.tried) === JSON.stringify(said.tried)
  );
}
