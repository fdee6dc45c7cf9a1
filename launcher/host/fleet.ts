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
import { replaceJsonFile, fsyncFolder } from "../system/json-file.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { DataDisks } from "../disks/data-disks.ts";
import type { LocalDiskStore } from "../disks/local-disk-store.ts";
import { HOST_ARCH } from "../accel/choose-accel.ts";
import type { GpuAllocator } from "../gpu/gpu-allocator.ts";
import type { IncomingImages } from "../images/transfer/incoming-images.ts";
import type { UsedFiles } from "../images/used-files.ts";
import { listReadFiles } from "../images/inspect-image.ts";
import type { ImageStore } from "../images/image-store.ts";
import { summarizeImage } from "../images/summarize-image.ts";
import { RECORD_DAMAGED } from "../model/damaged-machine.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";
import type {
  Launcher,
  LauncherEventEmitter,
  LauncherEvents,
  LauncherOptions,
  NewImage,
} from "./launcher.ts";
import { MachineControls } from "../machine/machine-controls.ts";
import { holdsDataDisk, listDiskHolders } from "./disk-holders.ts";
import { ManagedMachine } from "../machine/managed-machine.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import { findMissingEmulator } from "../system/qemu-programs.ts";
import { checkMachineSpec, createMachineSpec } from "../model/create-spec.ts";
import { checkHostCapacity, measureHostCapacity, type HostCapacity } from "./host-capacity.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { describeMachineImage } from "./machine-image.ts";

const MIB = 1024 * 1024;

export interface FleetDependencies {
  readonly options: LauncherOptions;
  readonly images: ImageStore;
  readonly context: MachineContext;
  readonly events: LauncherEventEmitter;
  readonly machines: readonly ManagedMachine[];
  readonly gpus: GpuAllocator;
  readonly diskStore: LocalDiskStore;
  readonly receiveImages: (usedFiles: () => UsedFiles) => IncomingImages;
  /** Closes what the launcher holds besides the machines. */
  readonly onClose: () => Promise<void>;
}

/** All machines of a host. Made by `openLauncher`. */
export class Fleet implements Launcher {
  readonly #options: LauncherOptions;
  readonly #images: ImageStore;
  readonly #context: MachineContext;
  readonly #gpus: GpuAllocator;
  readonly #events: LauncherEventEmitter;
  readonly #machines: Map<string, ManagedMachine>;
  readonly disks: DataDisks;
  readonly incomingImages: IncomingImages;
  readonly #onClose: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor({ options, images, context, events, machines, gpus, diskStore, ...parts }: FleetDependencies) {
    this.#options = options;
    this.#images = images;
    this.#context = context;
    this.#gpus = gpus;
    this.#events = events;
    this.#machines = new Map(machines.map((machine) => [machine.spec.id, machine]));
    this.#onClose = parts.onClose;
    this.incomingImages = parts.receiveImages(() => this.#listUsedFiles());
    this.disks = new DataDisks({
      store: diskStore,
      qemuImg: context.programs?.qemuImg ?? null,
      quotaGb: options.limits.userDataGb ?? Number.POSITIVE_INFINITY,
      holders: () => listDiskHolders(this.#machines.values(), diskStore.records()),
      freeBytes: () => this.#measureCapacity().diskMb.free * MIB,
      clock: options.clock,
    });
  }

  async facts(): Promise<HostFacts> {
    const { maxLoad: _, ...capacity } = this.#measureCapacity();
    const accel = await this.#context.chooseAccel(HOST_ARCH);
    const free = this.incomingImages.freeBytes();
    const serverImages = free === null ? {} : { serverImagesMb: Math.floor(free / MIB) };
    return {
      ...capacity,
      ...serverImages,
      accel,
      gpus: await this.#gpus.facts(),
      dataDisks: this.disks.names(),
    };
  }

  images(): Promise<ImageSummary[]> {
    return Promise.all(this.#images.entries().map((entry) => this.#summarize(entry)));
  }

  machines(): MachineStatus[] {
    return [...this.#machines.values()].map((machine) => machine.status);
  }

  displays(): { machine: MachineStatus; display: MachineDisplay }[] {
    return [...this.#machines.values()].flatMap((machine) =>
      machine.displayWatcher.displays.map((display) => ({ machine: machine.status, display })),
    );
  }

  async create(request: MachineCreate): Promise<MachineStatus> {
    const entry = this.#findEntry(request.image);
    if (entry === undefined)
      throw refuse("IMAGE_UNKNOWN", `This host has no image "${request.image}". Choose one of its list.`);
    this.#checkFree(request);
    const { available, reason, diskGb } = await this.#summarize(entry);
    if (!available) {
      const text = reason ?? "The image is not available on this host.";
      throw LaunchError.public("IMAGE_UNAVAILABLE", text);
    }
    if (request.gpu !== undefined && request.gpu !== "none") await this.#gpus.checkFree(request.gpu);
    // Nothing is awaited from here until the machine is in the list: two requests cannot both find the name free.
    this.#checkFree(request);
    const spec = createMachineSpec(request, entry, diskGb?.min);
    this.#context.scripts.check(spec);
    this.#checkMaster(spec);
    checkMachineSpec(
      spec,
      [...this.#machines.values()].map((machine) => machine.spec),
    );
    checkHostCapacity(spec, this.#measureCapacity());
    this.#reserveDataDisk(spec, request.dataDiskKnown);
    const paths = machinePaths(this.#options.stateDir, this.#options.runtimeDir, spec.id);
    const since = this.#options.clock.now();
    const record: MachineStateFile = { state: "preparing", since, companions: [], logFrom: 0 };
    const machine = new ManagedMachine({ spec, paths, record }, this.#context);
    this.#machines.set(spec.id, machine);
    let isOurs = false;
    try {
      await mkdir(paths.dir, { mode: 0o700 });
      isOurs = true;
      fsyncFolder(this.#options.stateDir);
      replaceJsonFile(paths.state, record);
      // The specification comes last: a folder without one is removed at the next start.
      replaceJsonFile(paths.spec, spec);
    } catch (cause) {
      this.#machines.delete(spec.id);
      // A folder that was there already may hold a person's data.
      if (isOurs) await rm(paths.dir, { recursive: true, force: true });
      throw new LaunchError("STATE_FOLDER", "the machine's folder could not be made", {
        cause,
        safeMessage: "The machine's folder could not be made on the host. Its disk may be full.",
      });
    }
    this.#context.onState(machine.status);
    machine.launch();
    return machine.status;
  }

  start(id: string, dataDiskKnown?: boolean): Promise<MachineStatus> {
    return this.#attempt(() => {
      const machine = this.#find(id);
      if (!machine.ended) throw refuse("MACHINE_RUNNING", "The machine runs already.");
      if (machine.isStandIn) throw refuse("RECORD_DAMAGED", RECORD_DAMAGED.reason);
      machine.queue.checkNotBusy();
      checkHostCapacity(machine.spec, this.#measureCapacity());
      // A saved machine keeps its data disk.
      if (!holdsDataDisk(machine)) this.#reserveDataDisk(machine.spec, dataDiskKnown);
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
    // Another request may have removed it meanwhile.
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

  keep(id: string): Promise<MachineStatus> {
    return this.#attempt(() => this.#find(id).keep());
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

  async saveAsImage(id: string, { compress = false, ...image }: NewImage): Promise<ImageSummary> {
    const { spec } = this.#find(id);
    if (this.#findEntry(image.id) !== undefined)
      throw refuse("IMAGE_EXISTS", `An image "${image.id}" exists. Choose another name.`);
    this.#images.checkFree(image.id);
    const origin = this.#findEntry(spec.image);
    const entry = await this.#control(id).exportDisk(compress, (exported) =>
      this.#images.registerImage(image.id, exported, (file) =>
        describeMachineImage({ ...image, spec, origin }, file),
      ),
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
    return this.#images.entries().find((entry) => entry.id === id);
  }

  async #summarize(entry: ImageEntry): Promise<ImageSummary> {
    const summary = await summarizeImage(entry, this.#context.programs !== null);
    const reason = findMissingEmulator(this.#context.programs, entry.arch);
    return reason === null || !summary.available ? summary : { ...summary, available: false, reason };
  }

  /** A machine whose record is damaged may depend on any file. */
  #listUsedFiles(): UsedFiles {
    const machines = [...this.#machines.values()];
    if (machines.some(({ isStandIn }) => isStandIn)) return { has: () => true };
    return new Set(machines.flatMap(({ spec }) => listReadFiles(spec)));
  }

  #checkMaster({ master }: MachineSpec): void {
    if (!master || [...this.#machines.values()].every(({ isStandIn }) => !isStandIn)) return;
    const text = "The record of a machine of this host is damaged: it may be based on this image.";
    throw refuse("IMAGE_IN_USE", text);
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
    const running = [...this.#machines.values()]
      .filter((machine) => !machine.ended)
      .map((machine) => ({ promisedMb: machine.spec.memoryMb, residentMb: machine.residentMb }));
    return measureHostCapacity(this.#options.limits, running, this.#options.stateDir);
  }

  /** Turns the error of a synchronous step into a rejection. */
  async #attempt<T>(step: () => T | Promise<T>): Promise<T> {
    return step();
  }
}

function refuse(code: string, text: string): RequestError {
  return RequestError.public(code, text);
}
