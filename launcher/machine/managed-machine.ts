import { existsSync } from "node:fs";
import { RequestError, type MachineStatus } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { snapshotNodes, type SnapshotNode } from "../model/snapshot-nodes.ts";
import { repairLeaks } from "../disks/machine-disks.ts";
import { endMachine } from "../process/end-machine.ts";
import { describeExit, describeStartFailure, measureLog, readLastLine } from "../process/describe-failure.ts";
import { prepareStart, qemuCommand, removeSockets } from "../process/launch.ts";
import { isAlive, residentMb } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import {
  spawnDetached,
  type ProcessExit,
  type WatchedProcess,
  watchProcess,
} from "../system/child-process.ts";
import { attachQmp } from "../qmp/attach-qmp.ts";
import { readLifecycleEvent, readRunState } from "../qmp/lifecycle-events.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { DisplayWatcher } from "./display-watcher.ts";
import { QemuSession } from "./qemu-session.ts";
import { MachineStateStore } from "./machine-state-store.ts";
import { describeMachineStatus, describeStandIn } from "./machine-status.ts";
import { restoreMemory, saveMemory } from "./save-memory.ts";
import type { MachineContext } from "./machine-context.ts";
import { cleanUpMachine } from "./clean-up.ts";
import { GuestWatcher } from "./guest-watcher.ts";
import { MachineQueue } from "./machine-queue.ts";
import {
  makeReason,
  hasEnded,
  nextLifecycle,
  type Lifecycle,
  type LifecycleEvent,
} from "../model/lifecycle.ts";

interface MachineFiles {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
  readonly record: MachineStateFile;
  /** The specification could not be read, and `spec` stands in for it: nothing is started or written. */
  readonly isStandIn?: boolean;
}

/** How long a new QEMU has until its control socket answers, in milliseconds. */
const START_MS = 60_000;
/** How long an adoption waits for the control socket. */
const ADOPT_MS = 5000;

/**
 * One machine: the I/O around {@link nextLifecycle}. It owns the watch on its process, its control socket and its
 * displays.
 */
export class ManagedMachine {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
  /** What its snapshots hold. */
  readonly nodes: readonly SnapshotNode[];
  /** Its specification cannot be read: it can be ended and deleted, and no more. */
  readonly isStandIn: boolean;
  readonly displayWatcher: DisplayWatcher;
  readonly guestWatcher: GuestWatcher;
  readonly queue: MachineQueue;
  readonly #context: MachineContext;
  readonly #stateStore: MachineStateStore;
  readonly #closing = new AbortController();
  /** Aborted when a start is given up before QEMU runs. */
  #startAbort = new AbortController();
  #process: WatchedProcess | undefined;
  #session: QemuSession | undefined;
  #cancelEnding: (() => void) | undefined;
  /** By the monotonic clock: when a machine that does not shut down is switched off. */
  #powerOffAt: number | null = null;
  #cancelHousekeeping: (() => void) | undefined;
  #detached = false;
  #progress: number | undefined;

  constructor({ spec, paths, record, isStandIn = false }: MachineFiles, context: MachineContext) {
    this.spec = spec;
    this.paths = paths;
    this.isStandIn = isStandIn;
    this.nodes = isStandIn ? [] : snapshotNodes(spec, paths);
    this.displayWatcher = new DisplayWatcher(spec, paths, context);
    this.guestWatcher = new GuestWatcher(this, {
      clock: context.clock,
      log: context.log,
      onAddresses: () => {
        if (!this.#detached) context.onProgress(this.status);
      },
    });
    this.#context = context;
    this.queue = new MachineQueue(context.log.child({ machine: spec.id }));
    this.#stateStore = new MachineStateStore(isStandIn ? null : paths.state, record, context);
  }

  get status(): MachineStatus {
    const now = {
      progress: this.#progress,
      powerOffInMs: this.lifecycle.state === "stopping" ? this.#powerOffInMs : undefined,
      addresses: this.guestWatcher.addresses,
    };
    const status = describeMachineStatus(this.spec, this.#stateStore.record, now);
    return this.isStandIn ? describeStandIn(status) : status;
  }

  get lifecycle(): Lifecycle {
    return this.#stateStore.record;
  }

  get ended(): boolean {
    return hasEnded(this.lifecycle);
  }

  /** Undefined while QEMU does not run, or does not answer. */
  get session(): QemuSession | undefined {
    return this.#session;
  }

  /** Aborted when the launcher detaches from the machine, or deletes it. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get residentMb(): number {
    return this.#process === undefined ? 0 : residentMb(this.#process.identity);
  }

  /** Prepares and powers on, in the background. The state is `preparing` already or becomes it now. */
  launch(): void {
    this.apply({ kind: "startRequested" });
    this.#startAbort = new AbortController();
    this.queue.enqueue(() => this.#launch());
  }

  /** Writes what was found out about it, now or once there is space. */
  writeRecord(): void {
    this.#stateStore.save();
  }

  /** Takes over a running QEMU; waits a moment for its control socket. */
  async adopt(identity: ProcessIdentity): Promise<void> {
    const process = watchProcess(identity, this.#context.clock);
    this.#stateStore.change({ process: identity });
    this.#watch(process);
    const attached = this.#connect(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    await Promise.race([attached, delay(ADOPT_MS, this.#context.clock)]);
    if (this.#session === undefined && isAlive(identity)) {
      const fields = { event: "machine.control-silent", machine: this.spec.id };
      this.#context.log.warn(fields, "an adopted machine's control socket does not answer");
    }
    if (this.lifecycle.state === "stopping") this.stop(false);
  }

  /** Without `force` by the power button, and by force when the grace period is over. */
  stop(force: boolean): void {
    if (this.ended) return;
    // The button is pressed again by itself, and the grace period does not begin anew.
    if (!force && this.#powerOffInMs !== undefined) return;
    const { clock, stopGraceMs } = this.#context;
    const { state } = this.lifecycle;
    this.#powerOffAt = force || this.#process === undefined ? null : clock.monotonic() + stopGraceMs;
    this.apply({ kind: "ending", by: "user" });
    if (state === "stopping") this.#context.onState(this.status);
    this.#startAbort.abort();
    this.#end(force ? null : stopGraceMs);
  }

  /** Cancels what {@link stop} announced. A guest that has begun to shut down does that all the same. */
  async keep(): Promise<MachineStatus> {
    if (this.lifecycle.state !== "stopping" || this.#powerOffInMs === undefined)
      throw RequestError.public("MACHINE_STATE", "The machine is not waiting to be switched off.");
    this.#powerOffAt = null;
    this.#cancelEnding?.();
    this.apply({ kind: "kept" });
    if (this.#session !== undefined) await this.#syncRunState(this.#session);
    return this.status;
  }

  /** Until the power is cut; undefined: nobody asked for it, or it is cut now. */
  get #powerOffInMs(): number | undefined {
    const left = (this.#powerOffAt ?? 0) - this.#context.clock.monotonic();
    return this.#powerOffAt !== null && left > 0 ? Math.ceil(left) : undefined;
  }

  /** Ends QEMU at once, without a change of state. */
  quit(): void {
    this.#end(null);
  }

  /** Kills it and waits until none of its processes runs. */
  async destroy(): Promise<void> {
    this.#closing.abort();
    this.stop(true);
    await this.queue.whenIdle();
    // The launch may have started a process after all.
    if (!this.ended) this.stop(true);
    await this.#process?.exited;
    await this.queue.whenIdle();
    this.#stateStore.close();
  }

  /** Leaves the machine running, for the next launcher. Idempotent. */
  async detach(): Promise<void> {
    this.#detached = true;
    this.#closing.abort();
    this.displayWatcher.close();
    this.guestWatcher.stop();
    this.#cancelEnding?.();
    this.#cancelHousekeeping?.();
    this.#process?.detach();
    this.#session?.qmp.close();
    await this.queue.whenIdle();
    this.#process?.detach();
    this.#session?.qmp.close();
    this.#stateStore.close();
  }

  apply(event: LifecycleEvent): void {
    if (this.#detached) return;
    const before = this.lifecycle;
    const { state, reason, cause, saved, wasPaused } = nextLifecycle(before, event);
    if (state === before.state && reason === before.reason && saved === before.saved) return;
    if (event.kind === "resumed" || event.kind === "restored") this.guestWatcher.adjustClock();
    const since = state === before.state ? this.#stateStore.record.since : this.#context.clock.now();
    this.#stateStore.change({ state, reason, cause, saved, wasPaused, since });
    this.#context.onState(this.status);
    if (event.kind === "reset") this.#awaitBoot();
  }

  /** Of the work on it, 0 to 1; undefined: none is under way, or its progress is unknown. */
  reportProgress(fraction: number | undefined): void {
    // Others than 0 to 1 are refused by the server, with all that comes after them.
    const isKnown = fraction !== undefined && Number.isFinite(fraction);
    const progress = isKnown ? Math.floor(Math.min(1, Math.max(0, fraction)) * 100) / 100 : undefined;
    if (this.#detached || progress === this.#progress) return;
    this.#progress = progress;
    this.#context.onProgress(this.status);
  }

  async #launch(): Promise<void> {
    const { spec, paths } = this;
    try {
      const accel = await this.#context.chooseAccel(spec.arch);
      const { parameters, wrap, remark } = await prepareStart(this, this.#context, {
        accel,
        signal: AbortSignal.any([this.closing, this.#startAbort.signal]),
        reportDelay: (reason) => this.apply({ kind: "delayed", ...makeReason("SCRIPTS_AT_WORK", reason) }),
        registerHelper: (helper) => {
          this.#stateStore.change({ companions: [...this.#stateStore.record.companions, helper] });
        },
      });
      const logFrom = await measureLog(paths.log);
      if (this.lifecycle.state !== "preparing" || this.#detached) {
        await this.#cleanUp();
        this.apply({ kind: "startFailed", ...makeReason("START_GIVEN_UP", "The start was given up.") });
        return;
      }
      const halted = this.lifecycle.saved !== undefined;
      const command = qemuCommand(this, this.#context.programs, { ...parameters, halted });
      const process = spawnDetached(wrap(command), paths.log);
      this.#stateStore.change({ process: process.identity, accel, logFrom, remark });
      this.#watch(process);
      await this.#connect(process, START_MS).catch(() => {
        // A launcher that closes leaves its machines to the next one, also one that has just started.
        if (!this.#detached) process.kill();
      });
      await this.displayWatcher.plugInDisplays();
    } catch (error) {
      const why = describeStartFailure(error);
      this.#context.log.warn({ event: "machine.start-failed", machine: spec.id, err: error }, why.reason);
      await this.#cleanUp();
      this.apply({ kind: "startFailed", ...why });
    }
  }

  #watch(process: WatchedProcess): void {
    this.#process = process;
    this.#cancelHousekeeping = startHousekeeping(this, this.#context.clock, this.#context.log);
    void process.exited.then((exit) => {
      this.queue.enqueue(() => this.#handleExit(process, exit));
    });
  }

  async #connect(process: WatchedProcess, withinMs: number): Promise<void> {
    const qmp = await attachQmp(this.paths.qmpSocket, {
      clock: this.#context.clock,
      withinMs,
      shouldRetry: () => !this.#detached && isAlive(process.identity),
      onEvent: (event) => {
        const change = readLifecycleEvent(event);
        // A snapshot halts the guest for its own time: no change of state.
        const isSnapshot = this.queue.busy && (change?.kind === "resumed" || change?.kind === "halted");
        if (change !== null && !isSnapshot) this.apply(change);
      },
    });
    if (this.#detached) {
      qmp.close();
      return;
    }
    const session = new QemuSession(qmp, {
      nodes: this.nodes,
      hasClipboard: this.spec.guest.clipboard,
      clock: this.#context.clock,
    });
    this.#session = session;
    void qmp.closed.then(() => {
      if (this.#session === session) this.#session = undefined;
      if (this.#detached) return;
      process.checkExit();
      if (isAlive(process.identity)) this.#connect(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    });
    this.apply({ kind: "powered" });
    for (const extension of this.#context.extensions)
      await extension.onRunning?.(this.spec, this.paths, process.identity);
    await session.initialize();
    for (const display of await this.displayWatcher.open(qmp))
      this.#context.onDisplayOpened(this.status, display);
    const { state, saved } = this.lifecycle;
    this.guestWatcher.start();
    if (state === "saving") this.queue.enqueue(() => saveMemory(this));
    else if (saved !== undefined) await restoreMemory(this, saved);
    else await this.#syncRunState(session);
    this.#awaitBoot();
  }

  /** Takes over QEMU's run state, and starts the processors of a QEMU that has just been launched. */
  async #syncRunState(session: QemuSession): Promise<void> {
    const status = await session.readStatus();
    if (status === "prelaunch") await session.resume();
    const change = readRunState(status);
    if (change !== null) this.apply(change);
  }

  async #handleExit(process: WatchedProcess, exit: ProcessExit): Promise<void> {
    if (this.#detached || this.#process !== process) return;
    // QEMU removes its sockets when it ends properly, and leaves them when it is killed.
    const clean =
      exit.code === null && exit.signal === null ? !existsSync(this.paths.qmpSocket) : exit.code === 0;
    const why = describeExit(exit, await readLastLine(this.paths.log, this.#stateStore.record.logFrom));
    this.#cancelEnding?.();
    this.#cancelHousekeeping?.();
    this.#session?.qmp.close();
    this.guestWatcher.stop();
    this.#process = undefined;
    this.#powerOffAt = null;
    await removeSockets(this.paths);
    this.#stateStore.change({ process: undefined });
    this.apply({ kind: "exited", clean, ...why });
    for (const display of this.displayWatcher.close()) this.#context.onDisplayClosed(this.status, display);
    await this.#cleanUp();
    const { programs } = this.#context;
    if (!clean && programs !== null) await repairLeaks(programs.qemuImg, this.nodes);
  }

  async #cleanUp(): Promise<void> {
    await cleanUpMachine(this, this.#stateStore.record, this.#context);
    this.#stateStore.change({ companions: [] });
  }

  #end(graceMs: number | null): void {
    const process = this.#process;
    if (process === undefined) return; // Still preparing: the launch sees the new state and stops.
    this.#cancelEnding?.();
    const ending = {
      execute: (command: string) =>
        this.#session?.qmp.execute(command) ?? Promise.reject(new Error("there is no QMP")),
      kill: () => process.kill(),
    };
    this.#cancelEnding = endMachine(ending, graceMs, this.#context.clock);
  }

  #awaitBoot(): void {
    if (this.lifecycle.state !== "booting") return;
    this.displayWatcher.awaitBoot(() => {
      this.apply({ kind: "drawn" });
    });
  }
}
