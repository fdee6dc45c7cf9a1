import { mkdir, rm } from "node:fs/promises";
import {
  LaunchError,
  RequestError,
  sharesDesktopNames,
  type BootLog,
  type HostFacts,
  type ImageSummary,
  type MachineCreate,
  type MachineStatus,
  type Screenshot,
  type MachineSnapshot,
} from "../protocol/index.ts";
import { machinePaths } from "./adopt/machine-paths.ts";
import { writeJson, type MachineRecord } from "./adopt/record.ts";
import { DataDisks, type DiskShelf } from "./disks/index.ts";
import type { Announcer } from "./events.ts";
import type { GpuRoom } from "./gpu/index.ts";
import type { ImageArrivals } from "./images/arrival/image-arrivals.ts";
import type { ImageEntry } from "./images/entry.ts";
import { listBootFiles } from "./images/inspect.ts";
import { summarizeImage } from "./images/summary.ts";
import type { Launcher, LauncherEvents, LauncherOptions, MachineScreen } from "./launcher.ts";
import { Controls } from "./life/controls.ts";
import { holdsDisk, listDiskHolders } from "./life/disk-holders.ts";
import { Machine } from "./life/machine.ts";
import type { Surroundings } from "./life/surroundings.ts";
import { findEmulatorLack } from "./process/programs.ts";
import { checkSpec } from "./spec/check-spec.ts";
import { checkRoom } from "./spec/check-room.ts";
import { drawUpSpec } from "./spec/draw-up.ts";
import { measureHostRoom, type HostRoom } from "./spec/host-room.ts";
import type { MachineSpec } from "./spec/machine-spec.ts";
import type { ImageRegistry } from "./spec/own-images.ts";

/** All machines of a host. Made by `openLauncher`. */
export class Fleet implements Launcher {
  readonly #options: LauncherOptions;
  readonly #registry: ImageRegistry;
  readonly #around: Surroundings;
  readonly #gpus: GpuRoom;
  readonly #announcer: Announcer;
  readonly #machines: Map<string, Machine>;
  readonly disks: DataDisks;
  readonly arrivals: ImageArrivals;
  readonly #onClose: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: {
    readonly options: LauncherOptions;
    readonly registry: ImageRegistry;
    readonly around: Surroundings;
    readonly announcer: Announcer;
    readonly machines: readonly Machine[];
    readonly gpus: GpuRoom;
    readonly shelf: DiskShelf;
    readonly arrive: (usedFiles: () => ReadonlySet<string>) => ImageArrivals;
    /** Gives back what the launcher holds besides the machines. */
    readonly onClose: () => Promise<void>;
  }) {
    this.#options = parts.options;
    this.#registry = parts.registry;
    this.#around = parts.around;
    this.#gpus = parts.gpus;
    this.#announcer = parts.announcer;
    this.#machines = new Map(parts.machines.map((machine) => [machine.spec.id, machine]));
    this.#onClose = parts.onClose;
    this.arrivals = parts.arrive(
      () => new Set([...this.#machines.values()].flatMap(({ spec }) => listBootFiles(spec.boot))),
    );
    this.disks = new DataDisks({
      shelf: parts.shelf,
      qemuImg: parts.around.programs?.qemuImg ?? null,
      quotaGb: parts.options.limits.userDataGb ?? Number.POSITIVE_INFINITY,
      holders: () => listDiskHolders(this.#machines.values()),
      freeBytes: () => this.#measureRoom().diskMb.free * 1_048_576,
      clock: parts.options.clock,
    });
  }

  async facts(): Promise<HostFacts> {
    const { maxLoad: _, ...room } = this.#measureRoom();
    const accel = await this.#around.chooseAccel(process.arch === "arm64" ? "aarch64" : "x86_64");
    const free = this.arrivals.freeBytes();
    const serverImages = free === null ? {} : { serverImagesMb: Math.floor(free / 1_048_576) };
    return { ...room, ...serverImages, accel, gpus: await this.#gpus.facts(), dataDisks: this.disks.names() };
  }

  images(): Promise<ImageSummary[]> {
    return Promise.all(this.#registry.entries().map((entry) => this.#summarize(entry)));
  }

  machines(): MachineStatus[] {
    return [...this.#machines.values()].map((machine) => machine.status);
  }

  screens(): { machine: MachineStatus; screen: MachineScreen }[] {
    return [...this.#machines.values()].flatMap((machine) =>
      machine.eye.screens.map((screen) => ({ machine: machine.status, screen })),
    );
  }

  async create(request: MachineCreate): Promise<MachineStatus> {
    const entry = this.#findEntry(request.image);
    if (entry === undefined)
      throw refuse("IMAGE_UNKNOWN", `This host has no image "${request.image}". Choose one of its list.`);
    this.#checkFree(request);
    const { available, reason } = await this.#summarize(entry);
    if (!available) {
      const text = reason ?? "The image is not available on this host.";
      throw new LaunchError("IMAGE_UNAVAILABLE", text, { safeMessage: text });
    }
    if (request.gpu !== undefined && request.gpu !== "none") await this.#gpus.checkFree(request.gpu);
    // Nothing is awaited from here to the entry in the list: two requests cannot both find the name free.
    this.#checkFree(request);
    const spec = drawUpSpec(request, entry);
    this.#around.scripts.check(spec);
    checkSpec(
      spec,
      [...this.#machines.values()].map((machine) => machine.spec),
    );
    checkRoom(spec, this.#measureRoom());
    this.#reserveDisk(spec, request.dataDiskKnown);
    const paths = machinePaths(this.#options.stateDir, this.#options.runtimeDir, spec.id);
    const since = this.#options.clock.now();
    const record: MachineRecord = { state: "preparing", since, companions: [], logFrom: 0 };
    const machine = new Machine(spec, paths, record, this.#around);
    this.#machines.set(spec.id, machine);
    try {
      await mkdir(paths.dir, { mode: 0o700 });
      writeJson(paths.state, record);
      // The specification comes last: a folder without one was never a machine.
      writeJson(paths.spec, spec);
    } catch (cause) {
      this.#machines.delete(spec.id);
      await rm(paths.dir, { recursive: true, force: true });
      throw new LaunchError("STATE_FOLDER", "the machine's folder could not be made", {
        cause,
        safeMessage: "The machine's folder could not be made on the host. Its disk may be full.",
      });
    }
    this.#around.onState(machine);
    machine.launch();
    return machine.status;
  }

  start(id: string, dataDiskKnown?: boolean): Promise<MachineStatus> {
    return this.#attempt(() => {
      const machine = this.#find(id);
      if (!machine.ended) throw refuse("MACHINE_RUNNING", "The machine runs already.");
      machine.turns.checkFree();
      checkRoom(machine.spec, this.#measureRoom());
      // A saved machine has its disk all the time.
      if (!holdsDisk(machine)) this.#reserveDisk(machine.spec, dataDiskKnown);
      machine.launch();
      return machine.status;
    });
  }

  stop(id: string, force: boolean): Promise<MachineStatus> {
    return this.#attempt(() => {
      const machine = this.#find(id);
      machine.stop(force);
      return machine.status;
    });
  }

  async remove(id: string): Promise<void> {
    const machine = this.#find(id);
    await machine.destroy();
    await rm(machine.paths.dir, { recursive: true, force: true });
    // A second request for the same machine may have been quicker.
    if (!this.#machines.delete(id)) return;
    this.#announcer.emit("removed", { id });
    await this.arrivals.sweep();
  }

  async screenshot(id: string, maxWidth: number): Promise<Screenshot> {
    return this.#find(id).eye.take(maxWidth);
  }

  pause(id: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#control(id).pause());
  }

  resume(id: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#control(id).resume());
  }

  reset(id: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#control(id).reset());
  }

  save(id: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#control(id).save());
  }

  bootLog(id: string): Promise<BootLog> {
    return this.#attempt(() => this.#control(id).bootLog());
  }

  credential(id: string): Promise<string | null> {
    return this.#attempt(() => this.#around.scripts.readCredential(this.#find(id).paths));
  }

  snapshots(id: string): Promise<MachineSnapshot[]> {
    return this.#attempt(() => this.#control(id).snapshots());
  }

  takeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#attempt(() => this.#control(id).takeSnapshot(name));
  }

  restoreSnapshot(id: string, name: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#control(id).restore(name));
  }

  removeSnapshot(id: string, name: string): Promise<MachineSnapshot[]> {
    return this.#attempt(() => this.#control(id).removeSnapshot(name));
  }

  async saveAsImage(id: string, image: { id: string; title: string }): Promise<ImageSummary> {
    const { spec } = this.#find(id);
    if (this.#findEntry(image.id) !== undefined)
      throw refuse("IMAGE_EXISTS", `An image "${image.id}" exists. Choose another name.`);
    const origin = this.#findEntry(spec.image);
    const entry = await this.#control(id).exportDisk((file) =>
      this.#registry.registerImage({ ...image, file, spec, origin }),
    );
    return this.#summarize(entry);
  }

  on<E extends keyof LauncherEvents>(event: E, listener: (data: LauncherEvents[E]) => void): () => void {
    return this.#announcer.on(event, listener);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#machines.values()].map((machine) => machine.letGo()));
      await this.arrivals.close();
      await this.disks.close();
      await this.#onClose();
    })();
    return this.#closed;
  }

  #find(id: string): Machine {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw refuse("MACHINE_UNKNOWN", "This host has no such machine.");
    return machine;
  }

  #control(id: string): Controls {
    return new Controls(this.#find(id), this.#around.programs);
  }

  #findEntry(id: string): ImageEntry | undefined {
    return this.#registry.entries().find((entry) => entry.id === id);
  }

  async #summarize(entry: ImageEntry): Promise<ImageSummary> {
    const summary = await summarizeImage(entry, this.#around.programs !== null);
    const reason = findEmulatorLack(this.#around.programs, entry.arch);
    return reason === null || !summary.available ? summary : { ...summary, available: false, reason };
  }

  #reserveDisk({ owner, dataDisk }: MachineSpec, known?: boolean): void {
    if (dataDisk !== undefined) this.disks.reserve({ owner, ...dataDisk }, known);
  }

  #checkFree(request: MachineCreate): void {
    if (this.#machines.has(request.id)) throw refuse("MACHINE_EXISTS", "A machine with this id exists.");
    const wanted = { name: request.name, monitors: request.monitors ?? 1 };
    for (const { spec } of this.#machines.values())
      if (sharesDesktopNames(spec, wanted))
        throw refuse("MACHINE_NAME_TAKEN", `A machine named "${spec.name}" exists. Choose another name.`);
  }

  #measureRoom(): HostRoom {
    const promises = [...this.#machines.values()]
      .filter((machine) => !machine.ended)
      .map((machine) => ({ promisedMb: machine.spec.memoryMb, residentMb: machine.residentMb }));
    return measureHostRoom(this.#options.limits, promises, this.#options.stateDir);
  }

  /** Errors of a synchronous step reach the caller as a rejection. */
  async #attempt<T>(step: () => T | Promise<T>): Promise<T> {
    return step();
  }
}

function refuse(code: string, text: string): RequestError {
  return new RequestError(code, text, { safeMessage: text });
}
