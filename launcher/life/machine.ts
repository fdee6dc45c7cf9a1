import { existsSync } from "node:fs";
import type { MachineStatus } from "../../protocol/index.ts";
import { pause } from "../process/pause.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import type { MachineRecord } from "../adopt/record.ts";
import { snapshotNodes, type SnapshotNode } from "../argv/snapshot-nodes.ts";
import { repairLeaks } from "../process/disks.ts";
import { endMachine } from "../process/ending.ts";
import { describeExit, explainFailure, readLastLine } from "../process/failure.ts";
import { measureLog, qemuCommand, removeSockets } from "../process/launch.ts";
import { isAlive, residentMb, type ProcessIdentity } from "../process/proc-stat.ts";
import { spawnApart } from "../process/spawn-apart.ts";
import type { ProcessExit, WatchedProcess } from "../process/watched-process.ts";
import { watchProcess } from "../process/watch.ts";
import { attachQmp } from "../qmp/attach.ts";
import { readLifeEvent, readRunState } from "../qmp/life-events.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import { startChores } from "./chores.ts";
import { describeStatus } from "./describe-status.ts";
import { Eye } from "./eye.ts";
import { Guest } from "./guest.ts";
import { makeReady } from "./make-ready.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { bringBack, saveMemory } from "./saving.ts";
import type { Surroundings } from "./surroundings.ts";
import { tidyUp } from "./tidy.ts";
import { Turns } from "./turns.ts";
import { because, hasEnded, transition, type Life, type LifeEvent } from "./transition.ts";

/** How long a fresh QEMU has until its control socket answers, in milliseconds. */
const START_MS = 60_000;
/** How long opening waits for the control socket of an adopted one. */
const ADOPT_MS = 5000;

/** One machine: the I/O around {@link transition}. It owns its process's watch, its control socket and its eye. */
export class Machine {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
  /** What its snapshots hold. */
  readonly nodes: readonly SnapshotNode[];
  readonly eye: Eye;
  /** What is done to it, one thing after the other. */
  readonly turns: Turns;
  readonly #around: Surroundings;
  readonly #keeper: RecordKeeper;
  readonly #closing = new AbortController();
  /** Aborted when a start is no longer wanted before it came to a process. */
  #givenUp = new AbortController();
  #process: WatchedProcess | undefined;
  #guest: Guest | undefined;
  #cancelEnding: (() => void) | undefined;
  #cancelChores: (() => void) | undefined;
  #letGo = false;
  #progress: number | undefined;

  constructor(spec: MachineSpec, paths: MachinePaths, record: MachineRecord, around: Surroundings) {
    this.spec = spec;
    this.paths = paths;
    this.nodes = snapshotNodes(spec, paths);
    this.eye = new Eye(spec, paths, around);
    this.#around = around;
    this.turns = new Turns(around.log.child({ machine: spec.id }));
    this.#keeper = new RecordKeeper(paths.state, record, around.clock, around.log);
  }

  get status(): MachineStatus {
    return describeStatus(this.spec, this.#keeper.record, this.#progress);
  }

  get life(): Life {
    return this.#keeper.record;
  }

  get ended(): boolean {
    return hasEnded(this.life);
  }

  /** Undefined while QEMU does not run, or does not answer. */
  get guest(): Guest | undefined {
    return this.#guest;
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
    this.#givenUp = new AbortController();
    this.turns.take(() => this.#launch());
  }

  /** Takes over a QEMU that lives; waits a moment for its control socket. */
  async adopt(identity: ProcessIdentity): Promise<void> {
    const process = watchProcess(identity, this.#around.clock);
    this.#keeper.change({ process: identity });
    this.#hold(process);
    const attached = this.#attach(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    await Promise.race([attached, pause(ADOPT_MS, this.#around.clock)]);
    if (this.#guest === undefined && isAlive(identity)) {
      const fields = { event: "machine.control-silent", machine: this.spec.id };
      this.#around.log.warn(fields, "an adopted machine's control socket does not answer");
    }
    if (this.life.state === "stopping") this.stop(false);
  }

  stop(force: boolean): void {
    if (this.ended) return;
    this.apply({ kind: "ending", by: "user" });
    this.#givenUp.abort();
    this.#end(force ? null : this.#around.stopGraceMs);
  }

  /** Ends QEMU at once, without a change of state. */
  quit(): void {
    this.#end(null);
  }

  /** Ends it by force and waits until nothing of it runs. */
  async destroy(): Promise<void> {
    this.#closing.abort();
    this.stop(true);
    await this.turns.over();
    // The launch may have come to a process after all.
    if (!this.ended) this.stop(true);
    await this.#process?.exited;
    await this.turns.over();
    this.#keeper.close();
  }

  /** Stops looking after it; the machine lives. Idempotent. */
  async letGo(): Promise<void> {
    this.#letGo = true;
    this.#closing.abort();
    this.eye.close();
    this.#cancelEnding?.();
    this.#cancelChores?.();
    this.#process?.letGo();
    this.#guest?.qmp.close();
    await this.turns.over();
    this.#process?.letGo();
    this.#guest?.qmp.close();
    this.#keeper.close();
  }

  apply(event: LifeEvent): void {
    if (this.#letGo) return;
    const before = this.life;
    const { state, reason, cause, saved } = transition(before, event);
    if (state === before.state && reason === before.reason && saved === before.saved) return;
    const since = state === before.state ? this.#keeper.record.since : this.#around.clock.now();
    this.#keeper.change({ state, reason, cause, saved, since });
    this.#around.onState(this);
    if (event.kind === "reset") this.#awaitLight();
  }

  /** How far the work on it is, 0 to 1; undefined: none is under way, or that is not known. */
  report(fraction: number | undefined): void {
    const progress = fraction === undefined ? undefined : Math.floor(fraction * 100) / 100;
    if (this.#letGo || progress === this.#progress) return;
    this.#progress = progress;
    this.#around.onProgress(this);
  }

  async #launch(): Promise<void> {
    const { spec, paths } = this;
    try {
      const accel = await this.#around.chooseAccel(spec.arch);
      const { start, wrap } = await makeReady(spec, paths, this.#around, {
        accel,
        signal: AbortSignal.any([this.closing, this.#givenUp.signal]),
        report: (reason) => this.apply({ kind: "delayed", ...because("SCRIPTS_AT_WORK", reason) }),
        note: (companion) => {
          this.#keeper.change({ companions: [...this.#keeper.record.companions, companion] });
        },
      });
      const logFrom = await measureLog(paths);
      if (this.life.state !== "preparing" || this.#letGo) {
        await this.#tidyUp();
        this.apply({ kind: "startFailed", ...because("START_GIVEN_UP", "The start was given up.") });
        return;
      }
      const whole = { ...start, halted: this.life.saved !== undefined };
      const process = spawnApart(wrap(qemuCommand(spec, paths, this.#around.programs, whole)), paths.log);
      this.#keeper.change({ process: process.identity, accel, logFrom });
      this.#hold(process);
      await this.#attach(process, START_MS).catch(() => {
        // A launcher that goes leaves its machines to the next one, also one that has just begun.
        if (!this.#letGo) process.kill();
      });
      await this.eye.plugIn();
    } catch (error) {
      const why = explainFailure(error);
      this.#around.log.warn({ event: "machine.start-failed", machine: spec.id, err: error }, why.reason);
      await this.#tidyUp();
      this.apply({ kind: "startFailed", ...why });
    }
  }

  #hold(process: WatchedProcess): void {
    this.#process = process;
    this.#cancelChores = startChores(this, this.#around.clock, this.#around.log);
    void process.exited.then((exit) => {
      this.turns.take(() => this.#bury(process, exit));
    });
  }

  async #attach(process: WatchedProcess, withinMs: number): Promise<void> {
    const qmp = await attachQmp(this.paths.qmpSocket, {
      clock: this.#around.clock,
      withinMs,
      goOn: () => !this.#letGo && isAlive(process.identity),
      onEvent: (event) => {
        const change = readLifeEvent(event);
        // While a snapshot is taken the guest stands still for that alone.
        const ours = this.turns.busy && (change?.kind === "resumed" || change?.kind === "halted");
        if (change !== null && !ours) this.apply(change);
      },
    });
    if (this.#letGo) {
      qmp.close();
      return;
    }
    const guest = new Guest(qmp, this.nodes, this.spec.guest.clipboard, this.#around.clock);
    this.#guest = guest;
    void qmp.closed.then(() => {
      if (this.#guest === guest) this.#guest = undefined;
      if (this.#letGo) return;
      process.look();
      if (isAlive(process.identity)) this.#attach(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    });
    this.apply({ kind: "powered" });
    for (const outfitter of this.#around.outfitters)
      await outfitter.accompany?.(this.spec, this.paths, process.identity);
    await guest.settle();
    if (await this.eye.open(qmp)) this.#around.onScreen(this);
    const { state, saved } = this.life;
    if (state === "saving") this.turns.take(() => saveMemory(this, false));
    else if (saved !== undefined) await bringBack(this, saved);
    else await this.#catchUp(guest);
    this.#awaitLight();
  }

  /** Learns what the guest does, and lets one go that nobody has let go yet. */
  async #catchUp(guest: Guest): Promise<void> {
    const status = await guest.readStatus();
    if (status === "prelaunch") await guest.go();
    const change = readRunState(status);
    if (change !== null) this.apply(change);
  }

  async #bury(process: WatchedProcess, exit: ProcessExit): Promise<void> {
    if (this.#letGo || this.#process !== process) return;
    // QEMU removes its sockets when it ends properly, and leaves them when it is killed.
    const clean =
      exit.code === null && exit.signal === null ? !existsSync(this.paths.qmpSocket) : exit.code === 0;
    const why = describeExit(exit, await readLastLine(this.paths.log, this.#keeper.record.logFrom));
    this.#cancelEnding?.();
    this.#cancelChores?.();
    this.#guest?.qmp.close();
    this.#process = undefined;
    await removeSockets(this.paths);
    this.#keeper.change({ process: undefined });
    this.apply({ kind: "exited", clean, ...why });
    for (const screen of this.eye.close()) this.#around.onScreenGone(this, screen);
    await this.#tidyUp();
    const { programs } = this.#around;
    if (!clean && programs !== null) await repairLeaks(programs.qemuImg, this.nodes);
  }

  async #tidyUp(): Promise<void> {
    await tidyUp(this.spec, this.paths, this.#keeper.record, this.#around);
    this.#keeper.change({ companions: [] });
  }

  #end(graceMs: number | null): void {
    const process = this.#process;
    if (process === undefined) return; // Still preparing: the launch sees the new state and gives up.
    this.#cancelEnding?.();
    const ending = {
      execute: (command: string) =>
        this.#guest?.qmp.execute(command) ?? Promise.reject(new Error("there is no QMP")),
      kill: () => process.kill(),
    };
    this.#cancelEnding = endMachine(ending, graceMs, this.#around.clock);
  }

  #awaitLight(): void {
    if (this.life.state !== "booting") return;
    this.eye.awaitLight(() => {
      this.apply({ kind: "drawn" });
    });
  }
}
