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
  type ImageEntry,
} from "../../protocol/index.ts";
import { machinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { replaceJsonFile } from "../system/json-file.ts";
import { DataDisks } from "../disks/data-disks.ts";
import type { LocalDiskStore } from "../disks/local-disk-store.ts";
import type { LauncherEventEmitter } from "./launcher-event-emitter.ts";
import type { GpuAllocator } from "../gpu/gpu-allocator.ts";
import type { IncomingImages } from "../images/transfer/incoming-images.ts";
import { listBootFiles } from "../images/inspect-image.ts";
import { summarizeImage } from "../images/summarize-image.ts";
import type { Launcher, LauncherEvents, LauncherOptions } from "./launcher.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";
import { MachineControls } from "../machine/machine-controls.ts";
import { holdsDisk, listDiskHolders } from "./disk-holders.ts";
import { ManagedMachine } from "../machine/managed-machine.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import { findMissingEmulator } from "../system/qemu-programs.ts";
import { checkHostCapacity } from "./check-capacity.ts";
import { createMachineSpec, checkMachineSpec } from "../model/create-spec.ts";
import { measureHostCapacity, type HostCapacity } from "./host-capacity.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { ImageRegistry } from "./image-registry.ts";

/** All machines of a host. Made by `openLauncher`. */
export class Fleet implements Launcher {
  readonly #options: LauncherOptions;
  readonly #registry: ImageRegistry;
  readonly #context: MachineContext;
  readonly #gpus: GpuAllocator;
  readonly #events: LauncherEventEmitter;
  readonly #machines: Map<string, ManagedMachine>;
  readonly disks: DataDisks;
  readonly incomingImages: IncomingImages;
  readonly #onClose: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: {
    readonly options: LauncherOptions;
    readonly registry: ImageRegistry;
    readonly around: MachineContext;
    readonly announcer: LauncherEventEmitter;
    readonly machines: readonly ManagedMachine[];
    readonly gpus: GpuAllocator;
    readonly shelf: LocalDiskStore;
    readonly arrive: (usedFiles: () => ReadonlySet<string>) => IncomingImages;
    /** Gives back what the launcher holds besides the machines. */
    readonly onClose: () => Promise<void>;
  }) {
    this.#options = parts.options;
    this.#registry = parts.registry;
    this.#context = parts.around;
    this.#gpus = parts.gpus;
    this.#events = parts.announcer;
    this.#machines = new Map(parts.machines.map((machine) => [machine.spec.id, machine]));
    this.#onClose = parts.onClose;
    this.incomingImages = parts.arrive(
      () => new Set([...this.#machines.values()].flatMap(({ spec }) => listBootFiles(spec.boot))),
    );
    this.disks = new DataDisks({
      store: parts.shelf,
      qemuImg: parts.around.programs?.qemuImg ?? null,
      quotaGb: parts.options.limits.userDataGb ?? Number.POSITIVE_INFINITY,
      holders: () => listDiskHolders(this.#machines.values()),
      freeBytes: () => this.#measureCapacity().diskMb.free * 1_048_576,
      clock: parts.options.clock,
    });
  }

  async facts(): Promise<HostFacts> {
    const { maxLoad: _, ...room } = this.#measureCapacity();
    const accel = await this.#context.chooseAccel(process.arch === "arm64" ? "aarch64" : "x86_64");
    const free = this.incomingImages.freeBytes();
    const serverImages = free === null ? {} : { serverImagesMb: Math.floor(free / 1_048_576) };
    return { ...room, ...serverImages, accel, gpus: await this.#gpus.facts(), dataDisks: this.disks.names() };
  }

  images(): Promise<ImageSummary[]> {
    return Promise.all(this.#registry.entries().map((entry) => this.#summarize(entry)));
  }

  machines(): MachineStatus[] {
    return [...this.#machines.values()].map((machine) => machine.status);
  }

  displays(): { machine: MachineStatus; screen: MachineDisplay }[] {
    return [...this.#machines.values()].flatMap((machine) =>
      machine.displayWatcher.displays.map((screen) => ({ machine: machine.status, screen })),
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
      throw LaunchError.public("IMAGE_UNAVAILABLE", text);
    }
    if (request.gpu !== undefined && request.gpu !== "none") await this.#gpus.checkFree(request.gpu);
    // Nothing is awaited from here to the entry in the list: two requests cannot both find the name free.
    this.#checkFree(request);
    const spec = createMachineSpec(request, entry);
    this.#context.scripts.check(spec);
    checkMachineSpec(
      spec,
      [...this.#machines.values()].map((machine) => machine.spec),
    );
    checkHostCapacity(spec, this.#measureCapacity());
    this.#reserveDataDisk(spec, request.dataDiskKnown);
    const paths = machinePaths(this.#options.stateDir, this.#options.runtimeDir, spec.id);
    const since = this.#options.clock.now();
    const record: MachineStateFile = { state: "preparing", since, companions: [], logFrom: 0 };
    const machine = new ManagedMachine(spec, paths, record, this.#context);
    this.#machines.set(spec.id, machine);
    try {
      await mkdir(paths.dir, { mode: 0o700 });
      replaceJsonFile(paths.state, record);
      // The specification comes last: a folder without one was never a machine.
      replaceJsonFile(paths.spec, spec);
    } catch (cause) {
      this.#machines.delete(spec.id);
      await rm(paths.dir, { recursive: true, force: true });
      throw new LaunchError("STATE_FOLDER", "the machine's folder could not be made", {
        cause,
        safeMessage: "The machine's folder could not be made on the host. Its disk may be full.",
      });
    }
    this.#context.onState(machine);
    machine.launch();
    return machine.status;
  }

  start(id: string, dataDiskKnown?: boolean): Promise<MachineStatus> {
    return this.#attempt(() => {
      const machine = this.#find(id);
      if (!machine.ended) throw refuse("MACHINE_RUNNING", "The machine runs already.");
      machine.queue.checkNotBusy();
      checkHostCapacity(machine.spec, this.#measureCapacity());
      // A saved machine has its disk all the time.
      if (!holdsDisk(machine)) this.#reserveDataDisk(machine.spec, dataDiskKnown);
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
    this.#events.emit("removed", { id });
    await this.incomingImages.purge();
  }

  async screenshot(id: string, maxWidth: number): Promise<Screenshot> {
    return this.#find(id).displayWatcher.takeScreenshot(maxWidth);
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
    return this.#attempt(() => this.#context.scripts.readCredential(this.#find(id).paths));
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
    return this.#events.on(event, listener);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#machines.values()].map((machine) => machine.detach()));
      await this.incomingImages.close();
      await this.disks.close();
      await this.#onClose();
    })();
    return this.#closed;
  }

  #find(id: string): ManagedMachine {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw refuse("MACHINE_UNKNOWN", "This host has no such machine.");
    return machine;
  }

  #control(id: string): MachineControls {
    return new MachineControls(this.#find(id), this.#context.programs);
  }

  #findEntry(id: string): ImageEntry | undefined {
    return this.#registry.entries().find((entry) => entry.id === id);
  }

  async #summarize(entry: ImageEntry): Promise<ImageSummary> {
    const summary = await summarizeImage(entry, this.#context.programs !== null);
    const reason = findMissingEmulator(this.#context.programs, entry.arch);
    return reason === null || !summary.available ? summary : { ...summary, available: false, reason };
  }

  #reserveDataDisk({ owner, dataDisk }: MachineSpec, known?: boolean): void {
    if (dataDisk !== undefined) this.disks.reserve({ owner, ...dataDisk }, known);
  }

  #checkFree(request: MachineCreate): void {
    if (this.#machines.has(request.id)) throw refuse("MACHINE_EXISTS", "A machine with this id exists.");
    const wanted = { name: request.name, monitors: request.monitors ?? 1 };
    for (const { spec } of this.#machines.values())
      if (sharesDesktopNames(spec, wanted))
        throw refuse("MACHINE_NAME_TAKEN", `A machine named "${spec.name}" exists. Choose another name.`);
  }

  #measureCapacity(): HostCapacity {
    const promises = [...this.#machines.values()]
      .filter((machine) => !machine.ended)
      .map((machine) => ({ promisedMb: machine.spec.memoryMb, residentMb: machine.residentMb }));
    return measureHostCapacity(this.#options.limits, promises, this.#options.stateDir);
  }

  /** Errors of a synchronous step reach the caller as a rejection. */
  async #attempt<T>(step: () => T | Promise<T>): Promise<T> {
    return step();
  }
}

function refuse(code: string, text: string): RequestError {
  return RequestError.public(code, text);
}
