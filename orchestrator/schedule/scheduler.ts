import type { Logger } from "pino";
import { describeError, isPosternError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import type { DataDiskService } from "../disks/data-disk-service.ts";
import { listConnectedHosts } from "../hosts/host-access.ts";
import type { HostFactsCache } from "../hosts/host-facts-cache.ts";
import type { ImageTransfers } from "../images/image-transfers.ts";
import type { ImageContent } from "../images/server-images.ts";
import { isAwaitingHost, isAwaitingImage } from "../machines/awaiting-host.ts";
import type { ImageWaits } from "../machines/image-waits.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { CandidateCollector } from "./candidate-collector.ts";
import { toHostCreateParams } from "./host-create-params.ts";
import { describeHostRejection, type RejectionCache } from "./host-rejection.ts";
import type { CandidateHost, CandidateSurvey, HostRejection, Rejection, WaitingStatus } from "./candidate.ts";
import { describeDiskTransfer } from "./needed-disk.ts";
import { schedule, type Decision, type StoredDisk } from "./schedule.ts";

/** Codes of an image transfer after which another one may succeed. */
const TRANSIENT_IMAGE_ERRORS = new Set([
  "IMAGE_CHANGED",
  "IMAGE_JOURNEY",
  "IMAGE_STUCK",
  "HOST_IMAGES_FULL",
  "HOST_DISK",
]);
/** A server that crashed while it placed a machine keeps other servers from it for so long. */
const CLAIM_MS = 60_000;

interface SchedulerContext {
  readonly proxy: Proxy;
  readonly candidates: CandidateCollector;
  readonly facts: HostFactsCache;
  readonly imageTransfers: ImageTransfers;
  readonly imageWaits: ImageWaits;
  /** Why a machine's disk is too much for its owner's quota; null: it is not. */
  readonly checkDisk: (
    record: MachineRecord,
  ) => Promise<{ readonly code: string; readonly message: string } | null>;
  readonly disks: DataDiskService;
  readonly rejections: RejectionCache;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A machine that this server has claimed. */
interface Claimed {
  readonly record: MachineRecord;
  readonly owner: string;
}

type Attempt = Extract<Decision, { readonly kind: "try" }>;

type StepResult =
  /** The machine has a host, or waits for a transfer. */
  | { readonly kind: "done" }
  | { readonly kind: "continue" }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

const DONE: StepResult = { kind: "done" };
const CONTINUE: StepResult = { kind: "continue" };

/** Finds a host for each machine that waits for one: carries out what {@link schedule} decides. */
export class Scheduler {
  readonly #context: SchedulerContext;
  /** Machines that wait and were tried here already. */
  #tried = new Set<string>();

  constructor(context: SchedulerContext) {
    this.#context = context;
  }

  /** Tries every machine that waits. @returns whether some still wait */
  async scheduleAll(): Promise<boolean> {
    const { machines } = this.#context.proxy.stores;
    const waiting = (await machines.listPending()).filter(isAwaitingHost);
    this.#tried = new Set(waiting.map(({ id }) => id));
    for (const record of waiting.sort((a, b) => a.createdAt - b.createdAt)) await this.schedule(record.id);
    return (await machines.listPending()).some(isAwaitingHost);
  }

  /** Tries those of these machines that were not tried here yet: another server queued them. */
  async scheduleNew(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (this.#tried.has(id)) continue;
      this.#tried.add(id);
      await this.schedule(id);
    }
  }

  /** Tries one host after the other. The machine stays queued, with a reason, while none takes it. */
  async schedule(id: string): Promise<void> {
    const { proxy, queue, clock } = this.#context;
    const { machines } = proxy.stores;
    await queue.run(id, async () => {
      const seen = await machines.find(id);
      if (seen === null || !isAwaitingHost(seen) || (await this.#isLeftToOtherServers())) return;
      // Most machines keep waiting for the same reason: nothing is written for them.
      const found = await this.#survey(seen);
      const first = this.#decide(seen, found.survey, []);
      if (first.kind === "wait" && !this.#context.imageWaits.has(id) && hasStatus(seen, first.status)) return;
      const record = await machines.claim(id, proxy.serverId, clock.now() + CLAIM_MS);
      if (record === null) return;
      try {
        await this.#scheduleClaimed({ record, owner: found.owner }, found.survey);
      } finally {
        await machines.release(id, proxy.serverId);
      }
    });
  }

  /** No host is connected here, but one is to another server, which schedules what waits. */
  async #isLeftToOtherServers(): Promise<boolean> {
    const { proxy } = this.#context;
    if (listConnectedHosts(proxy).length > 0) return false;
    return (await proxy.stores.agents.listHosts()).some(
      ({ admittedAt, serverId }) => admittedAt !== null && serverId !== null && serverId !== proxy.serverId,
    );
  }

  async #survey(
    record: MachineRecord,
  ): Promise<{ readonly owner: string; readonly survey: CandidateSurvey }> {
    const { proxy, candidates } = this.#context;
    const owner = (await proxy.stores.users.find(record.ownerId))?.name ?? "";
    return { owner, survey: await candidates.collect(record, owner) };
  }

  #decide(record: MachineRecord, survey: CandidateSurvey, asked: readonly HostRejection[]): Decision {
    const isPreparedElsewhere = isAwaitingImage(record) && !this.#context.imageWaits.has(record.id);
    return schedule({ image: record.image, isPreparedElsewhere }, survey, asked);
  }

  async #scheduleClaimed({ record, owner }: Claimed, survey: CandidateSurvey): Promise<void> {
    const { proxy, imageWaits, clock } = this.#context;
    const asked: HostRejection[] = [];
    for (;;) {
      const decision = this.#decide(record, survey, asked);
      if (decision.kind === "leaveToOthers") return;
      if (decision.kind === "wait") {
        imageWaits.end(record.id);
        await this.#updateStatus(record, decision.status);
        return;
      }
      await proxy.stores.machines.claim(record.id, proxy.serverId, clock.now() + CLAIM_MS);
      const rejection = await this.#attempt(decision, { record, owner });
      if (rejection === null) return;
      const { id: hostId, name: host } = decision.host;
      asked.push({ ...rejection, hostId, host, asked: true });
    }
  }

  /** @returns null: nothing is left to do for now */
  async #attempt(attempt: Attempt, claimed: Claimed): Promise<Rejection | null> {
    for (const step of attempt.steps) {
      const result = await this.#run(step, attempt, claimed);
      if (result.kind === "done") return null;
      if (result.kind === "rejected") return result.rejection;
    }
    return null;
  }

  #run(step: Attempt["steps"][number], attempt: Attempt, claimed: Claimed): Promise<StepResult> {
    switch (step.kind) {
      case "sendDisk":
        return this.#sendDisk(step.disk, attempt, claimed.record);
      case "bringImage":
        return this.#bringImage(step.content, attempt.host, claimed.record);
      case "create":
        return this.#createOnHost(attempt.host, claimed, step.dataDiskKnown);
    }
  }

  async #sendDisk(
    { owner, name, hostId: from }: StoredDisk,
    { host, rejections }: Attempt,
    record: MachineRecord,
  ): Promise<StepResult> {
    const { disks, rejections: cache, log } = this.#context;
    const rejection = cache.find(record.id, host.id);
    if (rejection !== null) return { kind: "rejected", rejection };
    try {
      await disks.send({ owner, name, from, to: host.id }, { machineId: record.id });
    } catch (error) {
      const about = { machineId: record.id, agentId: from, reason: describeError(error) };
      log.warn({ event: "disk.refused", ...about }, "a host did not let a data disk go");
      return { kind: "rejected", rejection: describeHostRejection(error) };
    }
    const tried = rejections.map(({ host: name, why }) => ({ host: name, why }));
    const reason = describeDiskTransfer(name, 0);
    await this.#updateStatus(record, { state: "queued", ...reason, progress: 0, tried });
    return DONE;
  }

  async #bringImage(content: ImageContent, host: CandidateHost, record: MachineRecord): Promise<StepResult> {
    const { imageTransfers, imageWaits } = this.#context;
    try {
      const progress = await imageTransfers.ensure(host.id, content);
      if (progress === null) return CONTINUE;
      await imageWaits.begin(record.id, { hostId: host.id, imageId: record.image, progress });
      return DONE;
    } catch (error) {
      const rejection = describeHostRejection(error);
      const isTransient = isPosternError(error) && TRANSIENT_IMAGE_ERRORS.has(error.code);
      if (rejection.kind !== "never" || !isTransient) return { kind: "rejected", rejection };
      return { kind: "rejected", rejection: { ...rejection, kind: "notNow" } };
    }
  }

  /** The host is stored before it is asked: if its answer is lost, the machine is found when the host reconnects. */
  async #createOnHost(
    host: CandidateHost,
    { record: asked, owner }: Claimed,
    dataDiskKnown: boolean,
  ): Promise<StepResult> {
    const record = addDiskSize(asked, host);
    const { proxy, checkDisk, repository, facts, rejections, log, imageWaits } = this.#context;
    const about = { machineId: record.id, agentId: host.id };
    imageWaits.end(record.id);
    const queued = isAwaitingImage(record) ? ({ state: "queued", progress: null } as const) : {};
    const isSized = record.wish !== asked.wish;
    const size = isSized ? { wish: record.wish } : {};
    const formerSize = isSized ? { wish: asked.wish } : {};
    await proxy.stores.machines.update(record.id, { agentId: host.id, ...queued, ...size });
    if (isSized) {
      const excess = await checkDisk(record);
      if (excess !== null) {
        await proxy.stores.machines.update(record.id, { agentId: null, ...formerSize });
        const cause = { code: excess.code, details: {} };
        return { kind: "rejected", rejection: { kind: "never", why: excess.message, cause } };
      }
    }
    try {
      const params = toHostCreateParams(record, owner, dataDiskKnown);
      const status = await proxy.requestHost(host.id, "machine.create", params);
      if (record.wish.dataDisk !== undefined)
        await proxy.stores.dataDisks.place(`${owner}/${record.wish.dataDisk.name}`, host.id);
      await repository.applyStatus(host.id, status);
      log.info({ event: "machine.placed", ...about }, "a host took a machine");
      return DONE;
    } catch (error) {
      log.warn(
        { event: "machine.refused", ...about, reason: describeError(error) },
        "a host did not take a machine",
      );
      await proxy.stores.machines.update(record.id, { agentId: null, ...formerSize });
      const rejection = describeHostRejection(error);
      if (rejection.kind === "never") rejections.add(record.id, host.id, rejection);
      return { kind: "rejected", rejection };
    } finally {
      facts.invalidate(host.id);
    }
  }

  async #updateStatus(record: MachineRecord, status: WaitingStatus): Promise<void> {
    if (!hasStatus(record, status))
      await this.#context.repository.update(record.id, { agentId: null, ...status });
  }
}

/**
 * A machine that was asked for while no host could tell its image's size has the size of the one that it comes to: it counts
 * as every other.
 */
function addDiskSize(record: MachineRecord, { image }: CandidateHost): MachineRecord {
  const diskGb = image.kind === "offered" ? image.image.diskGb?.default : undefined;
  const { wish } = record;
  if (diskGb === undefined || wish.diskGb !== undefined || wish.master) return record;
  return { ...record, wish: { ...wish, diskGb } };
}

/** How much a host has free at the moment is no other status: it changes all the time, and the machine waits all the same. */
function hasStatus(record: MachineRecord, status: WaitingStatus): boolean {
  return (
    record.state === status.state &&
    record.reason === status.reason &&
    record.progress === status.progress &&
    record.tried.length === status.tried.length &&
    record.tried.every(({ host, why }, index) => {
      const other = status.tried[index];
      return host === other?.host && dropAmounts(why) === dropAmounts(other.why);
    })
  );
}

/** `memory 1.5 of 8 GB free`: without the first number. */
function dropAmounts(why: string): string {
  return why.replace(/\b[\d.]+(?= (?:of [\d.]+|GB are left))/g, "…");
}
