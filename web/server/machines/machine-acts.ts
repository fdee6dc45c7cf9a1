import { RequestError, type HostMethod, type HostParams, type HostResult } from "../../../protocol/index.ts";
import type {
  BootLog,
  ImageSummary,
  MachineCredential,
  MachineStatus,
  MachineSnapshot,
} from "../../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../../proxy/index.ts";
import type { MachineCreateRequest } from "../../api/schemas.ts";
import { describeForCaller, refuse } from "../errors.ts";
import type { Caller } from "../guard/caller.ts";
import type { Live } from "../live/live.ts";
import type { HostFollower } from "./host-follower.ts";
import type { MachineBook } from "./machine-book.ts";
import type { Orders } from "./orders.ts";
import type { Restarts } from "./restarts.ts";
import type { Turns } from "./turns.ts";
import { isWaiting } from "./waiting.ts";

export interface MachineActsOptions {
  readonly proxy: Proxy;
  readonly orders: Orders;
  readonly book: MachineBook;
  readonly restarts: Restarts;
  readonly turns: Turns;
  readonly follower: HostFollower;
  readonly live: Live;
}

/** What a host does with a machine at once, and answers with its state. */
export type DirectAct = "pause" | "resume" | "reset";

/** What people do with machines. */
export class MachineActs {
  readonly #options: MachineActsOptions;

  constructor(options: MachineActsOptions) {
    this.#options = options;
  }

  /**
   * Writes a machine down as queued; a host is found for it afterwards.
   * @throws RequestError `IMAGE_UNKNOWN`, `MACHINE_NAME_TAKEN`, and those of the person's limits
   */
  async create(request: MachineCreateRequest, who: Caller): Promise<MachineRecord> {
    const { orders, live, follower } = this.#options;
    const record = await orders.take(request, who);
    live.machineChanged(record.id);
    follower.placeSoon();
    return record;
  }

  /**
   * A stopped or failed machine again; one that no host has yet waits for one again, and one whose data disk went to
   * another host waits for that.
   * @throws RequestError `DATA_DISK_AWAY`, those of the person's limits and the host's own
   */
  start(id: string): Promise<MachineRecord> {
    const { book, follower, orders } = this.#options;
    return this.#act(id, async (record) => {
      if (record.state !== "stopped" && record.state !== "failed") {
        const isWaiting = record.agentId === null || this.#options.restarts.isWaiting(id);
        return isWaiting ? record : this.#tell("machine.start", record, { id });
      }
      return orders.run(record, async () => {
        if (record.agentId !== null) return this.#startThere(record, record.agentId);
        const queued = await book.change(id, { state: "queued", reason: null, cause: null, tried: [] });
        follower.placeSoon();
        return queued;
      });
    });
  }

  /** The power button, or with `force` the plug. One that waits for a host waits no longer. */
  stop(id: string, force: boolean): Promise<MachineRecord> {
    return this.#act(id, async (record) => {
      this.#options.restarts.forget(id);
      if (record.agentId !== null) return this.#tell("machine.stop", record, { id, force });
      if (!isWaiting(record)) return record;
      return this.#options.book.change(id, {
        state: "stopped",
        reason: "Stopped before a host had taken it.",
        cause: { code: "MACHINE_NOT_TAKEN", details: {} },
        progress: null,
        tried: [],
      });
    });
  }

  /** The data disk has come that a machine waited for; `failure`: it has not. */
  goOn(id: string, failure: unknown): Promise<MachineRecord> {
    const { restarts, book } = this.#options;
    return this.#act(id, async (record) => {
      if (!restarts.isWaiting(id)) return record;
      restarts.forget(id);
      const { agentId } = record;
      if (record.state !== "queued" || agentId === null) return record;
      const giveUp = (error: unknown): Promise<MachineRecord | null> => {
        const reason = describeForCaller(error).body.error.message;
        return book.change(id, { state: "stopped", reason, progress: null });
      };
      return failure === null ? this.#startThere(record, agentId).catch(giveUp) : giveUp(failure);
    });
  }

  /** @throws RequestError `HOST_OUTDATED`, `HOST_OFFLINE` and the host's own */
  perform(id: string, act: DirectAct): Promise<MachineRecord> {
    return this.#act(id, (record) => this.#tell(`machine.${act}`, record, { id }));
  }

  /** Memory to disk, then off. @throws RequestError `MACHINE_ONE_SHOT` and those of {@link perform} */
  save(id: string): Promise<MachineRecord> {
    return this.#act(id, (record) => {
      if (record.oneShot) throw refuse("MACHINE_ONE_SHOT");
      return this.#tell("machine.save", record, { id });
    });
  }

  restore(id: string, name: string): Promise<MachineRecord> {
    return this.#act(id, (record) => this.#tell("machine.restore", record, { id, name }));
  }

  listSnapshots(id: string): Promise<MachineSnapshot[]> {
    return this.#ask(id, "machine.snapshots", { id });
  }

  takeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#ask(id, "machine.snapshot", { id, name });
  }

  removeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#ask(id, "machine.snapshot-remove", { id, name });
  }

  readBootLog(id: string): Promise<BootLog> {
    return this.#ask(id, "machine.boot-log", { id });
  }

  readCredential(id: string): Promise<MachineCredential> {
    return this.#ask(id, "machine.credential", { id });
  }

  saveAsImage(id: string, image: string, title: string): Promise<ImageSummary> {
    return this.#ask(id, "machine.save-as-image", { id, image, title });
  }

  /** A one-shot machine is over at once: it stops, and nothing of it stays. @throws RequestError `MACHINE_NOT_ONE_SHOT` */
  async close(id: string): Promise<void> {
    const { proxy, book, turns } = this.#options;
    await turns.run(id, async () => {
      const record = await this.#find(id);
      if (!record.oneShot) throw refuse("MACHINE_NOT_ONE_SHOT");
      if (record.agentId === null || ["preparing", "stopped", "failed"].includes(record.state)) {
        await book.removeAll(record);
        return;
      }
      await proxy.stores.machines.beginEnding(id, "closed");
      await this.#tell("machine.stop", record, { id, force: false });
    });
  }

  /** Deletes the machine on its host, and its record. @throws RequestError `HOST_OFFLINE` */
  async remove(id: string): Promise<void> {
    await this.#options.turns.run(id, async () => {
      await this.#options.book.removeAll(await this.#find(id));
      this.#options.restarts.forget(id);
    });
  }

  #act(id: string, act: (record: MachineRecord) => Promise<MachineRecord | null>): Promise<MachineRecord> {
    return this.#options.turns.run(id, async () => {
      const record = await act(await this.#find(id));
      if (record === null) throw refuse("MACHINE_UNKNOWN");
      return record;
    });
  }

  async #startThere(record: MachineRecord, hostId: string): Promise<MachineRecord | null> {
    const clearance = await this.#options.restarts.clear(record, hostId);
    if (clearance.kind === "wait") return clearance.record;
    const dataDiskKnown = clearance.known;
    return this.#tell("machine.start", record, { id: record.id, ...(dataDiskKnown && { dataDiskKnown }) });
  }

  async #tell<M extends TellMethod>(
    method: M,
    record: MachineRecord,
    params: HostParams<M>,
  ): Promise<MachineRecord | null> {
    if (record.agentId === null) throw refuse("MACHINE_NOT_PLACED");
    const status: MachineStatus = await this.#request(record.agentId, method, params);
    return this.#options.book.keep(record.agentId, status);
  }

  #ask<M extends HostMethod>(id: string, method: M, params: HostParams<M>): Promise<HostResult<M>> {
    return this.#options.turns.run(id, async () => {
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
type TellMethod = {
  [M in HostMethod]: HostResult<M> extends MachineStatus ? M : never;
}[HostMethod];
