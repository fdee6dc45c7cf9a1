import { mkdir, rm } from "node:fs/promises";
import {
  LaunchError,
  RequestError,
  type ImageSummary,
  type MachineCreate,
  type MachineStatus,
  type Screenshot,
} from "../protocol/index.ts";
import { machinePaths } from "./adopt/machine-paths.ts";
import { writeJson, type MachineRecord } from "./adopt/record.ts";
import type { Announcer } from "./events.ts";
import type { ImageEntry } from "./images/entry.ts";
import { summarizeImage } from "./images/summary.ts";
import type { Launcher, LauncherEvents, LauncherOptions, MachineScreen } from "./launcher.ts";
import { Machine } from "./life/machine.ts";
import type { Surroundings } from "./life/surroundings.ts";
import { checkRoom, drawUpSpec, type HostRoom } from "./spec/draw-up.ts";
import { measureHostRoom } from "./spec/host-room.ts";

/** Kept for the host itself, in MiB. */
const RESERVE_MB = 256;

/** All machines of a host. Made by `openLauncher`. */
export class Fleet implements Launcher {
  readonly #options: LauncherOptions;
  readonly #images: readonly ImageEntry[];
  readonly #around: Surroundings;
  readonly #announcer: Announcer;
  readonly #machines: Map<string, Machine>;
  readonly #onClose: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: {
    readonly options: LauncherOptions;
    readonly images: readonly ImageEntry[];
    readonly around: Surroundings;
    readonly announcer: Announcer;
    readonly machines: readonly Machine[];
    /** Gives back what the launcher holds besides the machines. */
    readonly onClose: () => Promise<void>;
  }) {
    this.#options = parts.options;
    this.#images = parts.images;
    this.#around = parts.around;
    this.#announcer = parts.announcer;
    this.#machines = new Map(parts.machines.map((machine) => [machine.spec.id, machine]));
    this.#onClose = parts.onClose;
  }

  images(): Promise<ImageSummary[]> {
    return Promise.all(this.#images.map((entry) => summarizeImage(entry, this.#around.programs !== null)));
  }

  machines(): MachineStatus[] {
    return [...this.#machines.values()].map((machine) => machine.status);
  }

  screens(): { machine: MachineStatus; screen: MachineScreen }[] {
    return [...this.#machines.values()].flatMap((machine) =>
      machine.screen === undefined ? [] : [{ machine: machine.status, screen: machine.screen }],
    );
  }

  async create(request: MachineCreate): Promise<MachineStatus> {
    const entry = this.#images.find((image) => image.id === request.image);
    if (entry === undefined)
      throw refuse("IMAGE_UNKNOWN", `This host has no image "${request.image}". Choose one of its list.`);
    this.#checkFree(request);
    const { available, reason } = await summarizeImage(entry, this.#around.programs !== null);
    if (!available) {
      const text = reason ?? "The image is not available on this host.";
      throw new LaunchError("IMAGE_UNAVAILABLE", text, { safeMessage: text });
    }
    // Nothing is awaited from here to the entry in the list: two requests cannot both find the name free.
    this.#checkFree(request);
    const spec = drawUpSpec(request, entry, this.#measureRoom());
    const paths = machinePaths(this.#options.stateDir, this.#options.runtimeDir, spec.id);
    const record: MachineRecord = { state: "preparing", since: this.#options.clock.now(), logFrom: 0 };
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

  start(id: string): Promise<MachineStatus> {
    return this.#attempt(() => {
      const machine = this.#find(id);
      if (!machine.ended) throw refuse("MACHINE_RUNNING", "The machine runs already.");
      checkRoom(machine.spec, this.#measureRoom());
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
    if (this.#machines.delete(id)) this.#announcer.emit("removed", { id });
  }

  async screenshot(id: string, maxWidth: number): Promise<Screenshot> {
    return this.#find(id).takeScreenshot(maxWidth);
  }

  on<E extends keyof LauncherEvents>(event: E, listener: (data: LauncherEvents[E]) => void): () => void {
    return this.#announcer.on(event, listener);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#machines.values()].map((machine) => machine.letGo()));
      await this.#onClose();
    })();
    return this.#closed;
  }

  #find(id: string): Machine {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw refuse("MACHINE_UNKNOWN", "This host has no such machine.");
    return machine;
  }

  #checkFree(request: MachineCreate): void {
    if (this.#machines.has(request.id)) throw refuse("MACHINE_EXISTS", "A machine with this id exists.");
    for (const { spec } of this.#machines.values()) {
      if (spec.name === request.name)
        throw refuse("MACHINE_NAME_TAKEN", `A machine named "${spec.name}" exists. Choose another name.`);
    }
  }

  #measureRoom(): HostRoom {
    const promises = [...this.#machines.values()]
      .filter((machine) => !machine.ended)
      .map((machine) => ({ promisedMb: machine.spec.memoryMb, residentMb: machine.residentMb }));
    return measureHostRoom(RESERVE_MB, promises);
  }

  /** Errors of a synchronous step reach the caller as a rejection. */
  async #attempt<T>(step: () => T): Promise<T> {
    return Promise.resolve(step());
  }
}

function refuse(code: string, text: string): RequestError {
  return new RequestError(code, text, { safeMessage: text });
}
