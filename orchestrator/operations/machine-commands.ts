import {
  isOff,
  RequestError,
  type BootLog,
  type Clock,
  type HostMethod,
  type HostParams,
  type HostResult,
  type ImageSummary,
  type MachineCreateRequest,
  type MachineCredential,
  type MachineSnapshot,
  type MachineStatus,
  type KeyedQueue,
} from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import { describeForOwner, orchestratorError } from "../orchestrator-errors.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { planExtension } from "../expiry/judge-end.ts";
import type { Quota } from "../quota/quota.ts";
import type { ScheduleLoop } from "./schedule-loop.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { CreateRequests, RequestingUser } from "../requests/create-requests.ts";
import type { DeferredStarts } from "./deferred-starts.ts";
import { isAwaitingHost } from "../machines/awaiting-host.ts";

interface MachineCommandsContext {
  readonly proxy: Proxy;
  readonly createRequests: CreateRequests;
  readonly repository: MachineRepository;
  readonly deferredStarts: DeferredStarts;
  readonly queue: KeyedQueue;
  readonly scheduleLoop: ScheduleLoop;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
}

/** Commands that a host executes at once, and answers with the machine's state. */
export type DirectCommand = "pause" | "resume" | "reset" | "keep";

/** The commands of people. */
export class MachineCommands {
  readonly #context: MachineCommandsContext;

  constructor(context: MachineCommandsContext) {
    this.#context = context;
  }

  /**
   * Creates a queued machine; a host is found for it afterwards.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`, and those of the person's quota
   */
  async create(request: MachineCreateRequest, who: RequestingUser): Promise<MachineRecord> {
    const { createRequests, events, scheduleLoop } = this.#context;
    const record = await createRequests.accept(request, who);
    events.emit("machine.changed", { id: record.id });
    scheduleLoop.runSoon();
    return record;
  }

  /**
   * Starts a stopped or failed machine. One without a host waits for one, and one whose data disk was moved to another
   * host waits for the disk.
   * @throws RequestError `DATA_DISK_AWAY`, those of the person's quota and the host's own
   */
  start(id: string): Promise<MachineRecord> {
    const { repository, scheduleLoop, createRequests } = this.#context;
    return this.#runCommand(id, async (record) => {
      if (!isOff(record.state)) {
        const isWaiting = record.agentId === null || this.#context.deferredStarts.isDeferred(id);
        return isWaiting ? record : this.#requestStatus("machine.start", record, { id });
      }
      return createRequests.runWithinQuota(record, async () => {
        if (record.agentId !== null) return this.#startOnHost(record, record.agentId);
        const queued = await repository.update(id, { state: "queued", reason: null, cause: null, tried: [] });
        scheduleLoop.runSoon();
        return queued;
      });
    });
  }

  /** Presses the power button, or with `force` ends the machine at once. One that waits for a host waits no longer. */
  stop(id: string, force: boolean): Promise<MachineRecord> {
    return this.#runCommand(id, async (record) => {
      this.#context.deferredStarts.cancel(id);
      if (record.agentId !== null) return this.#requestStatus("machine.stop", record, { id, force });
      if (!isAwaitingHost(record)) return record;
      return this.#context.repository.update(id, {
        state: "stopped",
        reason: "Stopped before a host had taken it.",
        cause: { code: "MACHINE_NOT_TAKEN", details: {} },
        progress: null,
        tried: [],
      });
    });
  }

  /** @param failure why the data disk that the machine waited for did not arrive; null: it did */
  resumeStart(id: string, failure: unknown): Promise<MachineRecord> {
    const { deferredStarts, repository } = this.#context;
    return this.#runCommand(id, async (record) => {
      if (!deferredStarts.isDeferred(id)) return record;
      deferredStarts.cancel(id);
      const { agentId } = record;
      if (record.state !== "queued" || agentId === null) return record;
      const giveUp = (error: unknown): Promise<MachineRecord | null> => {
        const reason = describeForOwner(error).message;
        return repository.update(id, { state: "stopped", reason, progress: null });
      };
      return failure === null ? this.#startOnHost(record, agentId).catch(giveUp) : giveUp(failure);
    });
  }

  /** @throws RequestError `MACHINE_ENDING` (keep), `HOST_OUTDATED`, `HOST_OFFLINE` and the host's own */
  perform(id: string, command: DirectCommand): Promise<MachineRecord> {
    return this.#runCommand(id, (record) => {
      if (command === "keep" && record.ending !== null) throw orchestratorError("MACHINE_ENDING");
      return this.#requestStatus(`machine.${command}`, record, { id });
    });
  }

  /** Saves the memory to disk and stops. @throws RequestError `MACHINE_ONE_SHOT` and those of {@link perform} */
  save(id: string): Promise<MachineRecord> {
    return this.#runCommand(id, (record) => {
      if (record.oneShot) throw orchestratorError("MACHINE_ONE_SHOT");
      return this.#requestStatus("machine.save", record, { id });
    });
  }

  restore(id: string, name: string): Promise<MachineRecord> {
    return this.#runCommand(id, (record) => this.#requestStatus("machine.restore", record, { id, name }));
  }

  listSnapshots(id: string): Promise<MachineSnapshot[]> {
    return this.#requestFromHost(id, "machine.snapshots", { id });
  }

  takeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#requestFromHost(id, "machine.snapshot", { id, name });
  }

  removeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#requestFromHost(id, "machine.snapshot-remove", { id, name });
  }

  readBootLog(id: string): Promise<BootLog> {
    return this.#requestFromHost(id, "machine.boot-log", { id });
  }

  readCredential(id: string): Promise<MachineCredential> {
    return this.#requestFromHost(id, "machine.credential", { id });
  }

  saveAsImage(
    id: string,
    wanted: { image: string; title: string; compress: boolean },
  ): Promise<ImageSummary> {
    return this.#requestFromHost(id, "machine.save-as-image", { id, ...wanted });
  }

  /** Ends and deletes a one-shot machine. @throws RequestError `MACHINE_NOT_ONE_SHOT` */
  async close(id: string): Promise<void> {
    const { proxy, repository, queue } = this.#context;
    await queue.run(id, async () => {
      const record = await this.#find(id);
      if (!record.oneShot) throw orchestratorError("MACHINE_NOT_ONE_SHOT");
      if (record.agentId === null || record.state === "preparing" || isOff(record.state)) {
        await repository.deleteWithHostCopy(record);
        return;
      }
      await proxy.stores.machines.beginEnding(id, "closed");
      await this.#requestStatus("machine.stop", record, { id, force: false });
    });
  }

  /**
   * Gives a run more time: by its lifetime, or by `askedMs`.
   * @throws RequestError `EXTEND_FORBIDDEN`, `MACHINE_NO_END`, `MACHINE_ENDING`, `LIMIT_LIFETIME`
   */
  extend(id: string, quota: Quota, askedMs: number | null): Promise<MachineRecord> {
    const { proxy, events, clock } = this.#context;
    return this.#runCommand(id, async (record) => {
      if (!quota.extend) throw orchestratorError("EXTEND_FORBIDDEN");
      if (record.expiresAt === null) throw orchestratorError("MACHINE_NO_END");
      if (record.ending !== null) throw orchestratorError("MACHINE_ENDING");
      const until = planExtension(record, quota, askedMs, clock.now());
      if (until === null)
        throw orchestratorError(
          "LIMIT_LIFETIME",
          "The machine runs as long already as you may let it run from now on.",
        );
      const extended = await proxy.stores.machines.update(id, { expiresAt: until, warnedAt: null });
      events.emit("machine.changed", { id });
      return extended;
    });
  }

  /**
   * Gives a machine to another host that has it: its own is gone, has another key now, or was restored from a copy.
   * @throws RequestError `MACHINE_ELSEWHERE`, `MACHINE_HAS_HOST`, `HOST_OFFLINE`
   */
  adopt(id: string, hostId: string): Promise<MachineRecord> {
    const { proxy, repository } = this.#context;
    return this.#runCommand(id, async (record) => {
      if (record.agentId === hostId) return record;
      const statuses = await proxy.requestHost(hostId, "machine.list", {});
      const status = statuses.find((one) => one.id === id);
      if (status === undefined) throw orchestratorError("MACHINE_ELSEWHERE");
      if (record.agentId !== null && (await repository.hasOnHost(record.agentId, id)))
        throw orchestratorError("MACHINE_HAS_HOST");
      await repository.update(id, { agentId: hostId });
      return repository.applyStatus(hostId, status);
    });
  }

  /** Deletes the machine on its host, and its record. @throws RequestError `HOST_OFFLINE` */
  async remove(id: string): Promise<void> {
    await this.#context.queue.run(id, async () => {
      await this.#context.repository.deleteWithHostCopy(await this.#find(id));
      this.#context.deferredStarts.cancel(id);
    });
  }

  #runCommand(
    id: string,
    command: (record: MachineRecord) => Promise<MachineRecord | null>,
  ): Promise<MachineRecord> {
    return this.#context.queue.run(id, async () => {
      const record = await command(await this.#find(id));
      if (record === null) throw orchestratorError("MACHINE_UNKNOWN");
      return record;
    });
  }

  async #startOnHost(record: MachineRecord, hostId: string): Promise<MachineRecord | null> {
    const decision = await this.#context.deferredStarts.prepare(record, hostId);
    if (decision.kind === "wait") return decision.record;
    const { dataDiskKnown } = decision;
    return this.#requestStatus("machine.start", record, {
      id: record.id,
      ...(dataDiskKnown && { dataDiskKnown }),
    });
  }

  async #requestStatus<M extends StatusMethod>(
    method: M,
    record: MachineRecord,
    params: HostParams<M>,
  ): Promise<MachineRecord | null> {
    if (record.agentId === null) throw orchestratorError("MACHINE_NOT_PLACED");
    const status: MachineStatus = await this.#request(record.agentId, method, params);
    return this.#context.repository.applyStatus(record.agentId, status);
  }

  #requestFromHost<M extends HostMethod>(
    id: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    return this.#context.queue.run(id, async () => {
      const { agentId } = await this.#find(id);
      if (agentId === null) throw orchestratorError("MACHINE_NOT_PLACED");
      return this.#request(agentId, method, params);
    });
  }

  async #request<M extends HostMethod>(
    hostId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    try {
      return await this.#context.proxy.requestHost(hostId, method, params);
    } catch (error) {
      if (error instanceof RequestError && error.code === "METHOD_UNKNOWN")
        throw orchestratorError("HOST_OUTDATED");
      throw error;
    }
  }

  async #find(id: string): Promise<MachineRecord> {
    const record = await this.#context.proxy.stores.machines.find(id);
    if (record === null) throw orchestratorError("MACHINE_UNKNOWN");
    return record;
  }
}

/** Methods that are answered with the machine's state. */
type StatusMethod = {
  [M in HostMethod]: HostResult<M> extends MachineStatus ? M : never;
}[HostMethod];
