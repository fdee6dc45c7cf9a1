import { existsSync } from "node:fs";
import type { MachineStatus } from "../../protocol/index.ts";
import { delay } from "../system/delay.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { snapshotNodes, type SnapshotNode } from "../model/snapshot-nodes.ts";
import { repairLeaks } from "../disks/machine-disks.ts";
import { endMachine } from "../process/end-machine.ts";
import { describeExit, describeStartFailure, readLastLine } from "../process/describe-failure.ts";
import { measureLog, qemuCommand, removeSockets } from "../process/launch.ts";
import { isAlive, residentMb } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import {
  type ProcessExit,
  type WatchedProcess,
  spawnDetached,
  watchProcess,
} from "../system/child-process.ts";
import { attachQmp } from "../qmp/attach-qmp.ts";
import { readLifecycleEvent, readRunState } from "../qmp/lifecycle-events.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { describeMachineStatus } from "./describe-status.ts";
import { DisplayWatcher } from "./display-watcher.ts";
import { QemuSession } from "./qemu-session.ts";
import { prepareStart } from "./prepare-start.ts";
import { MachineStateStore } from "./machine-state-store.ts";
import { restoreMemory, saveMemory } from "./save-memory.ts";
import type { MachineContext } from "./machine-context.ts";
import { cleanUpMachine } from "./clean-up.ts";
import { MachineQueue } from "./machine-queue.ts";
import {
  makeReason,
  hasEnded,
  nextLifecycle,
  type Lifecycle,
  type LifecycleEvent,
} from "../model/lifecycle.ts";

/** How long a fresh QEMU has until its control socket answers, in milliseconds. */
const START_MS = 60_000;
/** How long opening waits for the control socket of an adopted one. */
const ADOPT_MS = 5000;

/** One machine: the I/O around {@link nextLifecycle}. It owns its process's watch, its control socket and its eye. */
export class ManagedMachine {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
  /** What its snapshots hold. */
  readonly nodes: readonly SnapshotNode[];
  readonly displayWatcher: DisplayWatcher;
  /** What is done to it, one thing after the other. */
  readonly queue: MachineQueue;
  readonly #context: MachineContext;
  readonly #stateStore: MachineStateStore;
  readonly #closing = new AbortController();
  /** Aborted when a start is no longer wanted before it came to a process. */
  #startAbort = new AbortController();
  #process: WatchedProcess | undefined;
  #session: QemuSession | undefined;
  #cancelEnding: (() => void) | undefined;
  #cancelHousekeeping: (() => void) | undefined;
  #detached = false;
  #progress: number | undefined;

  constructor(spec: MachineSpec, paths: MachinePaths, record: MachineStateFile, around: MachineContext) {
    this.spec = spec;
    this.paths = paths;
    this.nodes = snapshotNodes(spec, paths);
    this.displayWatcher = new DisplayWatcher(spec, paths, around);
    this.#context = around;
    this.queue = new MachineQueue(around.log.child({ machine: spec.id }));
    this.#stateStore = new MachineStateStore(paths.state, record, around.clock, around.log);
  }

  get status(): MachineStatus {
    return describeMachineStatus(this.spec, this.#stateStore.record, this.#progress);
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

  /** Aborted when the launcher lets go of the machine. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get residentMb(): number {
    return this.#process === undefined ? 0 : residentMb(this.#process.identity);
  }

  /** Prepares and powers on, in the background. The record says `preparing` already or does so now. */
  launch(): void {
    this.apply({ kind: "startRequested" });
    this.#startAbort = new AbortController();
    this.queue.enqueue(() => this.#launch());
  }

  /** Takes over a QEMU that lives; waits a moment for its control socket. */
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

  stop(force: boolean): void {
    if (this.ended) return;
    this.apply({ kind: "ending", by: "user" });
    this.#startAbort.abort();
    this.#end(force ? null : this.#context.stopGraceMs);
  }

  /** Ends QEMU at once, without a change of state. */
  quit(): void {
    this.#end(null);
  }

  /** Ends it by force and waits until nothing of it runs. */
  async destroy(): Promise<void> {
    this.#closing.abort();
    this.stop(true);
    await this.queue.whenIdle();
    // The launch may have come to a process after all.
    if (!this.ended) this.stop(true);
    await this.#process?.exited;
    await this.queue.whenIdle();
    this.#stateStore.close();
  }

  /** Stops looking after it; the machine lives. Idempotent. */
  async detach(): Promise<void> {
    this.#detached = true;
    this.#closing.abort();
    this.displayWatcher.close();
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
    const { state, reason, cause, saved } = nextLifecycle(before, event);
    if (state === before.state && reason === before.reason && saved === before.saved) return;
    const since = state === before.state ? this.#stateStore.record.since : this.#context.clock.now();
    this.#stateStore.change({ state, reason, cause, saved, since });
    this.#context.onState(this);
    if (event.kind === "reset") this.#awaitBoot();
  }

  /** How far the work on it is, 0 to 1; undefined: none is under way, or that is not known. */
  reportProgress(fraction: number | undefined): void {
    const progress = fraction === undefined ? undefined : Math.floor(fraction * 100) / 100;
    if (this.#detached || progress === this.#progress) return;
    this.#progress = progress;
    this.#context.onProgress(this);
  }

  async #launch(): Promise<void> {
    const { spec, paths } = this;
    try {
      const accel = await this.#context.chooseAccel(spec.arch);
      const { start, wrap } = await prepareStart(spec, paths, this.#context, {
        accel,
        signal: AbortSignal.any([this.closing, this.#startAbort.signal]),
        reportDelay: (reason) => this.apply({ kind: "delayed", ...makeReason("SCRIPTS_AT_WORK", reason) }),
        registerHelper: (companion) => {
          this.#stateStore.change({ companions: [...this.#stateStore.record.companions, companion] });
        },
      });
      const logFrom = await measureLog(paths);
      if (this.lifecycle.state !== "preparing" || this.#detached) {
        await this.#cleanUp();
        this.apply({ kind: "startFailed", ...makeReason("START_GIVEN_UP", "The start was given up.") });
        return;
      }
      const whole = { ...start, halted: this.lifecycle.saved !== undefined };
      const process = spawnDetached(wrap(qemuCommand(spec, paths, this.#context.programs, whole)), paths.log);
      this.#stateStore.change({ process: process.identity, accel, logFrom });
      this.#watch(process);
      await this.#connect(process, START_MS).catch(() => {
        // A launcher that goes leaves its machines to the next one, also one that has just begun.
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
      goOn: () => !this.#detached && isAlive(process.identity),
      onEvent: (event) => {
        const change = readLifecycleEvent(event);
        // While a snapshot is taken the guest stands still for that alone.
        const ours = this.queue.busy && (change?.kind === "resumed" || change?.kind === "halted");
        if (change !== null && !ours) this.apply(change);
      },
    });
    if (this.#detached) {
      qmp.close();
      return;
    }
    const guest = new QemuSession(qmp, this.nodes, this.spec.guest.clipboard, this.#context.clock);
    this.#session = guest;
    void qmp.closed.then(() => {
      if (this.#session === guest) this.#session = undefined;
      if (this.#detached) return;
      process.checkExit();
      if (isAlive(process.identity)) this.#connect(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    });
    this.apply({ kind: "powered" });
    for (const outfitter of this.#context.outfitters)
      await outfitter.onRunning?.(this.spec, this.paths, process.identity);
    await guest.initialize();
    if (await this.displayWatcher.open(qmp)) this.#context.onDisplaysOpened(this);
    const { state, saved } = this.lifecycle;
    if (state === "saving") this.queue.enqueue(() => saveMemory(this, false));
    else if (saved !== undefined) await restoreMemory(this, saved);
    else await this.#syncRunState(guest);
    this.#awaitBoot();
  }

  /** Learns what the guest does, and lets one go that nobody has let go yet. */
  async #syncRunState(guest: QemuSession): Promise<void> {
    const status = await guest.readStatus();
    if (status === "prelaunch") await guest.resume();
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
    this.#process = undefined;
    await removeSockets(this.paths);
    this.#stateStore.change({ process: undefined });
    this.apply({ kind: "exited", clean, ...why });
    for (const screen of this.displayWatcher.close()) this.#context.onDisplayClosed(this, screen);
    await this.#cleanUp();
    const { programs } = this.#context;
    if (!clean && programs !== null) await repairLeaks(programs.qemuImg, this.nodes);
  }

  async #cleanUp(): Promise<void> {
    await cleanUpMachine(this.spec, this.paths, this.#stateStore.record, this.#context);
    this.#stateStore.change({ companions: [] });
  }

  #end(graceMs: number | null): void {
    const process = this.#process;
    if (process === undefined) return; // Still preparing: the launch sees the new state and gives up.
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
