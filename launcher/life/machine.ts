import { existsSync } from "node:fs";
import { LaunchError, RequestError, isPosternError, type MachineStatus } from "../../protocol/index.ts";
import type { Screenshot } from "../../protocol/index.ts";
import type { MachinePaths } from "../adopt/machine-paths.ts";
import { writeJson, type MachineRecord } from "../adopt/record.ts";
import type { MachineScreen } from "../launcher.ts";
import { endMachine } from "../process/ending.ts";
import { describeExit, readLastLine } from "../process/failure.ts";
import { measureLog, powerOn, prepareMachine, readVncSecret, removeSockets } from "../process/launch.ts";
import { isAlive, residentMb, type ProcessIdentity } from "../process/proc-stat.ts";
import type { ProcessExit, QemuProcess } from "../process/qemu-process.ts";
import { watchProcess } from "../process/watch.ts";
import { attachQmp } from "../qmp/attach.ts";
import type { QmpClient } from "../qmp/client.ts";
import { readLifeEvent } from "../qmp/life-events.ts";
import { Camera } from "../screen/camera.ts";
import { awaitFirstLight } from "../screen/first-light.ts";
import type { MachineSpec } from "../spec/machine-spec.ts";
import type { Surroundings } from "./surroundings.ts";
import { hasEnded, transition, type Life, type LifeEvent } from "./transition.ts";

/** How long a fresh QEMU has until its control socket answers, in milliseconds. */
const START_MS = 20_000;
/** How long opening waits for the control socket of an adopted one. */
const ADOPT_MS = 5000;

/** One machine: the I/O around {@link transition}. It owns its process's watch, its QMP and its camera. */
export class Machine {
  readonly spec: MachineSpec;
  readonly paths: MachinePaths;
  readonly #around: Surroundings;
  #record: MachineRecord;
  #process: QemuProcess | undefined;
  #qmp: QmpClient | undefined;
  #camera: Camera | undefined;
  #screen: MachineScreen | undefined;
  #cancelLight: (() => void) | undefined;
  #cancelEnding: (() => void) | undefined;
  #letGo = false;
  /** What runs now and must be over before the folder may go; never rejects. */
  #work: Promise<void> = Promise.resolve();

  constructor(spec: MachineSpec, paths: MachinePaths, record: MachineRecord, around: Surroundings) {
    this.spec = spec;
    this.paths = paths;
    this.#record = record;
    this.#around = around;
  }

  get status(): MachineStatus {
    const { id, name, image, cpus, memoryMb } = this.spec;
    const { state, reason, accel, since } = this.#record;
    return {
      ...{ id, name, image, cpus, memoryMb, state, since },
      ...(reason === undefined ? {} : { reason }),
      ...(accel === undefined ? {} : { accel }),
    };
  }

  get ended(): boolean {
    return hasEnded(this.#record);
  }

  /** Undefined while there is nothing to look at. */
  get screen(): MachineScreen | undefined {
    return this.#screen;
  }

  get residentMb(): number {
    return this.#process === undefined ? 0 : residentMb(this.#process.identity);
  }

  /** Prepares and powers on, in the background. The record says `preparing` already or does so now. */
  launch(): void {
    this.#apply({ kind: "startRequested" });
    this.#work = this.#work.then(() => this.#launch());
  }

  /** Takes over a QEMU that lives; waits a moment for its control socket. */
  async adopt(identity: ProcessIdentity): Promise<void> {
    const process = watchProcess(identity, this.#around.clock);
    this.#write({ process: identity });
    this.#hold(process);
    const attached = this.#attach(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    await Promise.race([
      attached,
      new Promise<void>((resolve) => this.#around.clock.after(ADOPT_MS, resolve)),
    ]);
    if (this.#qmp === undefined && isAlive(identity)) {
      const fields = { event: "machine.control-silent", machine: this.spec.id };
      this.#around.log.warn(fields, "an adopted machine's control socket does not answer");
    }
    if (this.#record.state === "stopping") this.stop(false);
  }

  stop(force: boolean): void {
    if (this.ended) return;
    this.#apply({ kind: "ending", by: "user" });
    const process = this.#process;
    if (process === undefined) return; // Still preparing: the launch sees the new state and gives up.
    this.#cancelEnding?.();
    const ending = {
      execute: (command: string) =>
        this.#qmp?.execute(command) ?? Promise.reject(new Error("there is no QMP")),
      kill: () => {
        process.kill();
      },
    };
    this.#cancelEnding = endMachine(ending, force ? null : this.#around.stopGraceMs, this.#around.clock);
  }

  /** Ends it by force and waits until nothing of it runs. */
  async destroy(): Promise<void> {
    this.stop(true);
    await this.#work;
    // The launch may have come to a process after all.
    if (!this.ended) this.stop(true);
    await this.#process?.exited;
    await this.#work;
  }

  /** @throws RequestError `MACHINE_NOT_RUNNING`, LaunchError `SCREENSHOT_FAILED` */
  async takeScreenshot(maxWidth: number): Promise<Screenshot> {
    if (this.#camera === undefined) {
      const text = "The machine has no screen now. Start it first.";
      throw new RequestError("MACHINE_NOT_RUNNING", text, { safeMessage: text });
    }
    return this.#camera.take(maxWidth);
  }

  /** Stops looking after it; the machine lives. Idempotent. */
  async letGo(): Promise<void> {
    this.#letGo = true;
    this.#leaveScreen();
    this.#cancelEnding?.();
    this.#process?.letGo();
    await this.#work;
    this.#process?.letGo();
    this.#qmp?.close();
  }

  async #launch(): Promise<void> {
    const { programs } = this.#around;
    try {
      if (programs === null) throw new LaunchError("QEMU_MISSING", "QEMU is not installed");
      const accel = await this.#around.chooseAccel();
      await prepareMachine(this.spec, this.paths, programs);
      const logFrom = await measureLog(this.paths);
      if (this.#record.state !== "preparing" || this.#letGo) {
        this.#apply({ kind: "startFailed", reason: "The start was given up." });
        return;
      }
      const process = powerOn(this.spec, this.paths, programs, accel);
      this.#write({ process: process.identity, accel, logFrom });
      this.#hold(process);
      await this.#attach(process, START_MS).catch(() => {
        process.kill();
      });
    } catch (error) {
      const reason = isPosternError(error) ? error.safeMessage : "The machine could not be started.";
      this.#around.log.warn({ event: "machine.start-failed", machine: this.spec.id, err: error }, reason);
      this.#apply({ kind: "startFailed", reason });
    }
  }

  #hold(process: QemuProcess): void {
    this.#process = process;
    void process.exited.then((exit) => {
      this.#work = this.#work.then(() => this.#bury(process, exit));
    });
  }

  async #attach(process: QemuProcess, withinMs: number): Promise<void> {
    const qmp = await attachQmp(this.paths.qmpSocket, {
      clock: this.#around.clock,
      withinMs,
      goOn: () => !this.#letGo && isAlive(process.identity),
      onEvent: (event) => {
        const change = readLifeEvent(event);
        if (change !== null) this.#apply(change);
      },
    });
    if (this.#letGo) {
      qmp.close();
      return;
    }
    this.#qmp = qmp;
    void qmp.closed.then(() => {
      this.#qmp = undefined;
      if (this.#letGo) return;
      process.look();
      if (isAlive(process.identity)) this.#attach(process, Number.POSITIVE_INFINITY).catch(() => undefined);
    });
    this.#camera = new Camera(qmp, this.paths.picture, this.#around.darkroom, this.#around.clock);
    this.#apply({ kind: "powered" });
    this.#awaitFirstLight();
    if (this.#screen !== undefined) return;
    this.#screen = { socketPath: this.paths.vncSocket, vncPassword: await readVncSecret(this.paths) };
    this.#around.onScreen(this);
  }

  async #bury(process: QemuProcess, exit: ProcessExit): Promise<void> {
    if (this.#letGo || this.#process !== process) return;
    // QEMU removes its sockets when it ends properly, and leaves them when it is killed.
    const clean =
      exit.code === null && exit.signal === null ? !existsSync(this.paths.qmpSocket) : exit.code === 0;
    const reason = describeExit(exit, await readLastLine(this.paths.log, this.#record.logFrom));
    this.#cancelEnding?.();
    this.#qmp?.close();
    this.#process = undefined;
    await removeSockets(this.paths);
    this.#write({ process: undefined });
    this.#apply({ kind: "exited", clean, reason });
    this.#leaveScreen();
  }

  #leaveScreen(): void {
    this.#cancelLight?.();
    this.#camera = undefined;
    if (this.#screen === undefined) return;
    this.#screen = undefined;
    if (!this.#letGo) this.#around.onScreenGone(this);
  }

  #awaitFirstLight(): void {
    this.#cancelLight?.();
    if (this.#record.state !== "booting") return;
    const measure = (): Promise<number> => this.#camera?.measureLight() ?? Promise.resolve(0);
    this.#cancelLight = awaitFirstLight(this.#around.clock, measure, () => {
      this.#apply({ kind: "drawn" });
    });
  }

  #apply(event: LifeEvent): void {
    if (this.#letGo) return;
    const before: Life = this.#record;
    const { state, reason } = transition(before, event);
    if (state === before.state && reason === before.reason) return;
    this.#write({ state, reason, since: this.#around.clock.now() });
    this.#around.onState(this);
    if (event.kind === "reset") this.#awaitFirstLight();
  }

  #write(change: Partial<MachineRecord>): void {
    this.#record = { ...this.#record, ...change };
    writeJson(this.paths.state, this.#record);
  }
}
