import { isOff, type KeyedQueue, type MachineStatus } from "../../protocol/index.ts";
import type { Proxy } from "../../proxy/index.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";

/** Copies that are being removed at a time; what is left over is found when their hosts are asked for their lists. */
const MAX_REMOVALS = 32;

interface MachineReportsContext {
  readonly proxy: Proxy;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  /** A report could not be applied. */
  readonly onFailure: (error: unknown) => void;
}

type Report = MachineStatus | "removed";

interface ReportedMachine {
  readonly hostId: string;
  readonly machineId: string;
  readonly report: Report;
}

/** What is to be applied of one machine: the newest report, and the end of a run that it would hide. */
interface PendingReport {
  newest: Report;
  ended: MachineStatus | null;
}

/**
 * What hosts report of single machines. A host may report as often as it likes, so what is kept of a machine is its newest
 * report, and machines that are not the host's are left out before anything waits for them.
 */
export class MachineReports {
  readonly #context: MachineReportsContext;
  readonly #pending = new Map<string, PendingReport>();
  /** Copies that are being removed. */
  readonly #removing = new Set<string>();

  constructor(context: MachineReportsContext) {
    this.#context = context;
  }

  /** @returns settles when it is known whether the machine is the host's; undefined: it was merged with an earlier report */
  add(hostId: string, machineId: string, report: Report): Promise<void> | undefined {
    const key = `${hostId} ${machineId}`;
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      const first: PendingReport = { newest: report, ended: null };
      this.#pending.set(key, first);
      return this.#admit(key, { hostId, machineId, report });
    }
    const { newest } = pending;
    if (newest !== "removed" && isOff(newest.state)) pending.ended = newest;
    pending.newest = report;
    return undefined;
  }

  async #admit(key: string, about: ReportedMachine): Promise<void> {
    const { proxy, repository, queue, onFailure } = this.#context;
    const { hostId, machineId, report } = about;
    try {
      const record = await proxy.stores.machines.find(machineId);
      const claim = await repository.judgeClaim(hostId, record, report === "removed" ? null : report);
      if (claim === "own") {
        // Not awaited: the machine's queue may wait for an answer of this host.
        queue.run(machineId, () => this.#apply(key, about)).catch(onFailure);
        return;
      }
      this.#pending.delete(key);
      if (claim === "stray") repository.warnStray(hostId, machineId);
      if (claim === "copy") this.#removeCopy(key, about);
    } catch (error) {
      this.#pending.delete(key);
      onFailure(error);
    }
  }

  async #apply(key: string, { hostId, machineId }: ReportedMachine): Promise<void> {
    const { proxy, repository } = this.#context;
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (pending === undefined) return;
    const { newest, ended } = pending;
    if (ended !== null) await repository.applyStatus(hostId, ended);
    if (newest !== "removed") {
      await repository.applyStatus(hostId, newest);
      return;
    }
    const record = await proxy.stores.machines.find(machineId);
    if (record !== null && record.agentId === hostId) await repository.delete(record);
  }

  /** One request at a time for each copy. */
  #removeCopy(key: string, { hostId, machineId }: ReportedMachine): void {
    if (this.#removing.has(key) || this.#removing.size >= MAX_REMOVALS) return;
    this.#removing.add(key);
    void this.#context.repository.removeCopy(hostId, machineId).finally(() => this.#removing.delete(key));
  }
}
