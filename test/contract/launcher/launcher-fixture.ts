import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { openLauncher, type Launcher, type LauncherOptions } from "../../../launcher/index.ts";
import { isAlive } from "../../../launcher/system/proc-stat.ts";
import { readWholeState } from "../../support/machine-record.ts";
import type { MachineState, MachineStatus } from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { waitFor } from "../../support/wait-for.ts";
import { HELD_FROM_MS, HeldTimersClock } from "./held-timers-clock.ts";

/** Folders, launchers and machines of one test; nothing of them is left when it closes. */
export class LauncherFixture {
  readonly cleanup = new CleanupStack();
  readonly clock = new HeldTimersClock();
  readonly folder: string;
  readonly states: MachineState[] = [];
  readonly #launchers: Launcher[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<LauncherFixture> {
    const cleanup = new CleanupStack();
    const launcherFixture = new LauncherFixture(await cleanup.makeFolder());
    launcherFixture.cleanup.add({ stop: () => cleanup.close() });
    return launcherFixture;
  }

  get options(): LauncherOptions {
    return {
      catalogueFile: null,
      imagesDir: join(this.folder, "images"),
      stateDir: join(this.folder, "state"),
      runtimeDir: join(this.folder, "run"),
      accel: "tcg",
      stopGraceMs: HELD_FROM_MS,
      limits: { maxInstances: 10, maxLoad: 1000, memoryReserveMb: 256 },
      allowedShares: [],
      networks: { allow: [], forward: [] },
      vmUser: "root",
      traversableFolders: [],
      log: pino({ level: "silent" }),
      clock: this.clock,
    };
  }

  async open(changes: Partial<LauncherOptions> = {}): Promise<Launcher> {
    const launcher = await openLauncher({ ...this.options, ...changes });
    this.#launchers.push(launcher);
    launcher.on("state", (status) => this.states.push(status.state));
    return launcher;
  }

  /** Opens a launcher with a catalogue of these images; amounts are small unless they say otherwise. */
  async openWith(images: readonly object[], changes: Partial<LauncherOptions> = {}): Promise<Launcher> {
    const catalogueFile = join(this.folder, "catalogue.json");
    const amounts = { memoryMb: { default: 32, min: 16 }, cpus: { default: 1, min: 1 } };
    const entries = images.map((image) => ({ title: "t", description: "", ...amounts, ...image }));
    await writeFile(catalogueFile, JSON.stringify({ images: entries }));
    return this.open({ catalogueFile, ...changes });
  }

  /** Waits until the guest's serial port has said something. */
  async waitForSerial(launcher: Launcher, id: string, what: RegExp, timeoutMs = 50_000): Promise<string> {
    let text = "";
    return waitFor(
      `${id} to say ${String(what)}`,
      async () => {
        ({ text } = await launcher.bootLog(id));
        return what.test(text) ? text : undefined;
      },
      { timeoutMs, explain: () => text.slice(-300) },
    );
  }

  /** Waits until a machine is in a state; a failure in between is an error at once. */
  async waitForState(launcher: Launcher, id: string, state: MachineState): Promise<MachineStatus> {
    const find = (): MachineStatus => launcher.machines().find((machine) => machine.id === id)!;
    return waitFor(`${id} to be ${state}`, () => (find().state === state ? find() : undefined), {
      timeoutMs: 45_000,
      explain: () => JSON.stringify(find()),
    });
  }

  /** The process of a machine, as the launcher wrote it down. */
  pidOf(id: string): number {
    return readWholeState(join(this.options.stateDir, id, "state.json"))!.process!.pid;
  }

  isRunning(id: string): boolean {
    const identity = readWholeState(join(this.options.stateDir, id, "state.json"))?.process;
    return identity !== undefined && isAlive(identity);
  }

  /** Removes all machines of all launchers, and closes everything. */
  async close(): Promise<void> {
    await Promise.all(this.#launchers.map((launcher) => launcher.close()));
    const last = await openLauncher(this.options);
    await Promise.all(last.machines().map((machine) => last.remove(machine.id)));
    await last.close();
    await this.cleanup.close();
  }
}
