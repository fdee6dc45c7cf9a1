import type { Logger } from "pino";
import { describeError, RequestError, type Clock, type KeyedQueue } from "../../protocol/index.ts";
import type { MachineEnding, MachineRecord, Proxy } from "../../proxy/index.ts";
import type { OrchestratorEventEmitter } from "../orchestrator-events.ts";
import { isAwaitingHost } from "../machines/awaiting-host.ts";
import { isDesktopOf } from "../machines/desktop-of-machine.ts";
import type { MachineRepository } from "../machines/machine-repository.ts";
import { judgeEnd, nextCheckDelay } from "./judge-end.ts";

/** How often all machines are checked. */
const LOOK_MS = 5000;
/** No machine needs more steps in one check. */
const MAX_STEPS = 5;

interface MachineReaperContext {
  readonly proxy: Proxy;
  readonly repository: MachineRepository;
  readonly queue: KeyedQueue;
  readonly events: OrchestratorEventEmitter;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Ends machines whose time is over: each server those of the hosts that are connected to it. Decisions are in the
 * database, so that another server, or the same one after a restart, can continue.
 */
export class MachineReaper {
  readonly #context: MachineReaperContext;
  readonly #unsubscribe: (() => void)[];
  #cancel: (() => void) | null = null;
  #checking: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(context: MachineReaperContext) {
    this.#context = context;
    const checkSoon = () => {
      this.checkSoon();
    };
    this.#unsubscribe = [
      context.proxy.on("session.changed", checkSoon),
      context.events.on("machine.stateChanged", checkSoon),
    ];
  }

  /** Checks all machines now, and periodically from then on. */
  checkSoon(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#checking ??= this.#run().finally(() => {
      this.#checking = null;
      if (this.#again) this.checkSoon();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #run(): Promise<void> {
    this.#cancel?.();
    let wait = LOOK_MS;
    while (this.#again && !this.#closed) {
      this.#again = false;
      wait = await this.#checkAll().catch((error: unknown) => {
        this.#report(error, null);
        return LOOK_MS;
      });
    }
    if (this.#closed) return;
    this.#cancel = this.#context.clock.after(wait, () => {
      this.checkSoon();
    });
  }

  /** @returns when to check again, in milliseconds */
  async #checkAll(): Promise<number> {
    const { proxy, clock, queue, events } = this.#context;
    const { machines } = proxy.stores;
    const [pending, records] = await Promise.all([machines.listPending(), machines.listEnding()]);
    events.emit("machine.awaitingHost", { ids: pending.filter(isAwaitingHost).map(({ id }) => id) });
    const viewersOf = await this.#countViewers(records.filter(({ oneShot }) => oneShot));
    const here = new Set(proxy.connectedAgents().map(({ id }) => id));
    let wait = LOOK_MS;
    for (const record of records) {
      // One that failed before any host had it belongs to no server: any may remove it.
      if (record.agentId !== null && !here.has(record.agentId)) continue;
      const viewers = viewersOf.get(record.id) ?? 0;
      if (judgeEnd(record, viewers, clock.now()).kind !== "none")
        await queue
          .run(record.id, () => this.#applySteps(record.id, viewers))
          .catch((error: unknown) => {
            this.#report(error, record.id);
          });
      else wait = Math.min(wait, Math.max(1, nextCheckDelay(record, clock.now())));
    }
    return wait;
  }

  /** Only one-shot machines end because of their viewers. */
  async #countViewers(machines: readonly MachineRecord[]): Promise<Map<string, number>> {
    const { stores } = this.#context.proxy;
    const byId = new Map(machines.map((machine) => [machine.id, machine]));
    const viewers = new Map<string, number>();
    if (byId.size === 0) return viewers;
    const [desktops, open] = await Promise.all([
      stores.desktops.listByMachines([...byId.keys()]),
      stores.sessions.countOpen(),
    ]);
    for (const desktop of desktops) {
      const machine = desktop.machineId === null ? undefined : byId.get(desktop.machineId);
      if (machine !== undefined && isDesktopOf(desktop, machine))
        viewers.set(machine.id, (viewers.get(machine.id) ?? 0) + (open.get(desktop.id) ?? 0));
    }
    return viewers;
  }

  async #applySteps(id: string, viewers: number): Promise<void> {
    const { proxy, repository, clock } = this.#context;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const record = await proxy.stores.machines.find(id);
      if (record === null) return;
      const next = judgeEnd(record, viewers, clock.now());
      switch (next.kind) {
        case "none":
          return;
        case "note":
          await proxy.stores.machines.update(id, next.change);
          break;
        case "warn":
          await this.#warn(record);
          break;
        case "end":
          await this.#beginEnding(record, next.cause);
          break;
        case "stop":
          await this.#stop(record);
          return;
        case "remove":
          await repository.deleteWithHostCopy(record);
          proxy.audit({
            action: "machine.remove",
            outcome: "success",
            machineId: id,
            machineName: record.name,
          });
          return;
      }
    }
  }

  async #warn({ id, name }: MachineRecord): Promise<void> {
    const { proxy, events } = this.#context;
    if (!(await proxy.stores.machines.beginWarning(id))) return;
    proxy.audit({ action: "machine.warn", outcome: "success", machineId: id, machineName: name });
    events.emit("machine.changed", { id });
  }

  async #beginEnding({ id, name, agentId }: MachineRecord, cause: MachineEnding): Promise<void> {
    const { proxy, log } = this.#context;
    if (!(await proxy.stores.machines.beginEnding(id, cause))) return;
    const reason = cause === "lifetime" ? "MACHINE_EXPIRED" : "MACHINE_IDLE";
    proxy.audit({ action: "machine.end", outcome: "success", machineId: id, machineName: name, reason });
    log.info({ event: "machine.end", machineId: id, agentId, cause }, "a machine's time is over");
  }

  /** Presses the power button; the host ends the machine by force when that has no effect. */
  async #stop({ id, agentId }: MachineRecord): Promise<void> {
    if (agentId === null) return;
    const { proxy, repository } = this.#context;
    await repository.applyStatus(
      agentId,
      await proxy.requestHost(agentId, "machine.stop", { id, force: false }),
    );
  }

  #report(error: unknown, machineId: string | null): void {
    if (this.#closed || (error instanceof RequestError && error.code === "HOST_OFFLINE")) return;
    this.#context.log.warn(
      { event: "machine.end-failed", machineId, reason: describeError(error) },
      "a machine could not be ended",
    );
  }
}
