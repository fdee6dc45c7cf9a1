import {
  RequestError,
  type HostMethod,
  type HostParams,
  type HostResult,
  type KeyedQueue,
} from "../../protocol/index.ts";
import type {
  BootLog,
  ImageSummary,
  MachineCreateRequest,
  MachineCredential,
  MachineStatus,
  MachineSnapshot,
} from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import { describeForOwner, refuse } from "../errors.ts";
import type { LiveUpdates } from "../../web/server/live/live-updates.ts";
import type { HostReconciler } from "./host-reconciler.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import type { CreateRequests, RequestingUser } from "../requests/create-requests.ts";
import type { DeferredStarts } from "./deferred-starts.ts";
import { isAwaitingHost } from "../machines/awaiting-host.ts";

export interface MachineCommandsContext {
  readonly proxy: Proxy;
  readonly createRequests: CreateRequests;
  readonly repository: MachineRepository;
  readonly deferredStarts: DeferredStarts;
  readonly queue: KeyedQueue;
  readonly reconciler: HostReconciler;
  readonly live: LiveUpdates;
}

/** What a host does with a machine at once, and answers with its state. */
export type DirectCommand = "pause" | "resume" | "reset";

/** What people do with machines. */
export class MachineCommands {
  readonly #options: MachineCommandsContext;

  constructor(options: MachineCommandsContext) {
    this.#options = options;
  }

  /**
   * Writes a machine down as queued; a host is found for it afterwards.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`, and those of the person's limits
   */
  async create(request: MachineCreateRequest, who: RequestingUser): Promise<MachineRecord> {
    const { createRequests: orders, live, reconciler: follower } = this.#options;
    const record = await orders.accept(request, who);
    live.machineChanged(record.id);
    follower.scheduleSoon();
    return record;
  }

  /**
   * A stopped or failed machine again; one that no host has yet waits for one again, and one whose data disk went to
   * another host waits for that.
   * @throws RequestError `DATA_DISK_AWAY`, those of the person's limits and the host's own
   */
  start(id: string): Promise<MachineRecord> {
    const { repository: book, reconciler: follower, createRequests: orders } = this.#options;
    return this.#runCommand(id, async (record) => {
      if (record.state !== "stopped" && record.state !== "failed") {
        const isWaiting = record.agentId === null || this.#options.deferredStarts.isDeferred(id);
        return isWaiting ? record : this.#requestStatus("machine.start", record, { id });
      }
      return orders.runWithinQuota(record, async () => {
        if (record.agentId !== null) return this.#startOnHost(record, record.agentId);
        const queued = await book.update(id, { state: "queued", reason: null, cause: null, tried: [] });
        follower.scheduleSoon();
        return queued;
      });
    });
  }

  /** The power button, or with `force` the plug. One that waits for a host waits no longer. */
  stop(id: string, force: boolean): Promise<MachineRecord> {
    return this.#runCommand(id, async (record) => {
      this.#options.deferredStarts.cancel(id);
      if (record.agentId !== null) return this.#requestStatus("machine.stop", record, { id, force });
      if (!isAwaitingHost(record)) return record;
      return this.#options.repository.update(id, {
        state: "stopped",
        reason: "Stopped before a host had taken it.",
        cause: { code: "MACHINE_NOT_TAKEN", details: {} },
        progress: null,
        tried: [],
      });
    });
  }

  /** The data disk has come that a machine waited for; `failure`: it has not. */
  resumeStart(id: string, failure: unknown): Promise<MachineRecord> {
    const { deferredStarts: restarts, repository: book } = this.#options;
    return this.#runCommand(id, async (record) => {
      if (!restarts.isDeferred(id)) return record;
      restarts.cancel(id);
      const { agentId } = record;
      if (record.state !== "queued" || agentId === null) return record;
      const giveUp = (error: unknown): Promise<MachineRecord | null> => {
        const reason = describeForOwner(error).message;
        return book.update(id, { state: "stopped", reason, progress: null });
      };
      return failure === null ? this.#startOnHost(record, agentId).catch(giveUp) : giveUp(failure);
    });
  }

  /** @throws RequestError `HOST_OUTDATED`, `HOST_OFFLINE` and the host's own */
  perform(id: string, act: DirectCommand): Promise<MachineRecord> {
    return this.#runCommand(id, (record) => this.#requestStatus(`machine.${act}`, record, { id }));
  }

  /** Memory to disk, then off. @throws RequestError `MACHINE_ONE_SHOT` and those of {@link perform} */
  save(id: string): Promise<MachineRecord> {
    return this.#runCommand(id, (record) => {
      if (record.oneShot) throw refuse("MACHINE_ONE_SHOT");
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

  saveAsImage(id: string, image: string, title: string): Promise<ImageSummary> {
    return this.#requestFromHost(id, "machine.save-as-image", { id, image, title });
  }

  /** A one-shot machine is over at once: it stops, and nothing of it stays. @throws RequestError `MACHINE_NOT_ONE_SHOT` */
  async close(id: string): Promise<void> {
    const { proxy, repository: book, queue: turns } = this.#options;
    await turns.run(id, async () => {
      const record = await this.#find(id);
      if (!record.oneShot) throw refuse("MACHINE_NOT_ONE_SHOT");
      if (record.agentId === null || ["preparing", "stopped", "failed"].includes(record.state)) {
        await book.deleteWithHostCopy(record);
        return;
      }
      await proxy.stores.machines.beginEnding(id, "closed");
      await this.#requestStatus("machine.stop", record, { id, force: false });
    });
  }

  /** Deletes the machine on its host, and its record. @throws RequestError `HOST_OFFLINE` */
  async remove(id: string): Promise<void> {
    await this.#options.queue.run(id, async () => {
      await this.#options.repository.deleteWithHostCopy(await this.#find(id));
      this.#options.deferredStarts.cancel(id);
    });
  }

  #runCommand(
    id: string,
    act: (record: MachineRecord) => Promise<MachineRecord | null>,
  ): Promise<MachineRecord> {
    return this.#options.queue.run(id, async () => {
      const record = await act(await this.#find(id));
      if (record === null) throw refuse("MACHINE_UNKNOWN");
      return record;
    });
  }

  async #startOnHost(record: MachineRecord, hostId: string): Promise<MachineRecord | null> {
    const clearance = await this.#options.deferredStarts.prepare(record, hostId);
    if (clearance.kind === "wait") return clearance.record;
    const dataDiskKnown = clearance.known;
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
    if (record.agentId === null) throw refuse("MACHINE_NOT_PLACED");
    const status: MachineStatus = await this.#request(record.agentId, method, params);
    return this.#options.repository.applyStatus(record.agentId, status);
  }

  #requestFromHost<M extends HostMethod>(
    id: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    return this.#options.queue.run(id, async () => {
      const { agentId } = await this.#find(id);
      if (agentId === null) throw refuse("MACHINE_NOT_PLACED");
      return this.#request(agentId, method, params);
    });
  }

  async #request<M extends HostMethod>(
    hostId: string,
    method: M,
    params: HostParams<M>,
  ): Promise<HostResult<M>> {
    try {
      return await this.#options.proxy.requestHost(hostId, method, params);
    } catch (error) {
      if (error instanceof RequestError && error.code === "METHOD_UNKNOWN") throw refuse("HOST_OUTDATED");
      throw error;
    }
  }

  async #find(id: string): Promise<MachineRecord> {
    const record = await this.#options.proxy.stores.machines.find(id);
    if (record === null) throw refuse("MACHINE_UNKNOWN");
    return record;
  }
}

/** Methods that answer with the machine's state. */
type StatusMethod = {
  [M in HostMethod]: HostResult<M> extends MachineStatus ? M : never;
}[HostMethod];
