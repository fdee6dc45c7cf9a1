import type { Logger } from "pino";
import type {
  BootLog,
  Clock,
  HostFacts,
  ImageSummary,
  MachineCreate,
  MachineStatus,
  Screenshot,
  MachineSnapshot,
  TypedEventEmitter,
} from "../../protocol/index.ts";
import type { AccelChoice } from "../accel/choose-accel.ts";
import type { GpuPolicy } from "../gpu/gpu-policy.ts";
import type { DataDisks } from "../disks/data-disks.ts";
import type { IncomingImages } from "../images/transfer/incoming-images.ts";
import type { ScriptPolicy } from "../scripts/check-scripts.ts";
import type { HostLimits } from "./host-capacity.ts";
import type { MachineDisplay } from "../model/display-outputs.ts";

export interface LauncherOptions {
  /** The catalogue file (JSON); null: the built-in one. */
  readonly catalogueFile: string | null;
  /** Images that were added here: entries and files. */
  readonly imagesDir: string;
  /** One folder per machine lives in it. */
  readonly stateDir: string;
  /** Short path for Unix sockets, mode 0700. */
  readonly runtimeDir: string;
  readonly accel: AccelChoice;
  /** Milliseconds between the power button and the kill. */
  readonly stopGraceMs: number;
  readonly limits: HostLimits;
  /** Folders of the host that images may share into guests, with everything below them. */
  readonly allowedShares: readonly string[];
  /** Whether images may bring arguments for QEMU; absent: no. */
  readonly allowQemuArgs?: boolean;
  readonly networks: NetworkOptions;
  /** The account that QEMU runs as where the launcher is root; null: `postern-vm`. */
  readonly vmUser: string | null;
  /** Folders above the others that this account may pass through. */
  readonly traversableFolders: readonly string[];
  /** Which of the host's GPUs machines may have; absent: none. */
  readonly gpu?: GpuPolicy;
  /** Boot scripts; absent: none run here. */
  readonly bootScripts?: ScriptPolicy;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The administrator's settings for the networks of machines, as they are typed. */
export interface NetworkOptions {
  /** `10.1.2.0/24`, `10.1.2.3:443`, … */
  readonly allow: readonly string[];
  /** `MACHINE=tcp:127.0.0.1:8022:22`, … */
  readonly forward: readonly string[];
}

/** What a machine's disk becomes. */
export interface NewImage {
  readonly id: string;
  readonly title: string;
  /** Smaller, and slower to make. */
  readonly compress?: boolean;
}

export interface LauncherEvents {
  state: MachineStatus;
  /** A display to publish; one event for each. */
  display: { readonly machine: MachineStatus; readonly display: MachineDisplay };
  /** A display to withdraw. */
  displayGone: { readonly machine: MachineStatus; readonly display: MachineDisplay };
  removed: { readonly id: string };
  /** Images were added, changed or removed. */
  images: object;
}
export type LauncherEventEmitter = TypedEventEmitter<LauncherEvents>;

export interface Launcher {
  readonly disks: DataDisks;
  /** Images that come from the server. */
  readonly incomingImages: IncomingImages;
  facts(): Promise<HostFacts>;
  images(): Promise<ImageSummary[]>;
  machines(): MachineStatus[];
  /** The displays of all running machines: what `host` publishes at start, after adoption. */
  displays(): { readonly machine: MachineStatus; readonly display: MachineDisplay }[];
  /** Returns at once in state `preparing`; events report the rest. @throws RequestError, LaunchError */
  create(request: MachineCreate): Promise<MachineStatus>;
  /**
   * Starts a stopped or failed machine from its kept overlay.
   * @param dataDiskKnown its data disk is known to be on this host: no new one is made
   */
  start(id: string, dataDiskKnown?: boolean): Promise<MachineStatus>;
  /** Power button, then kill after the grace period; `force`: kill now. Returns at once in state `stopping`. */
  stop(id: string, force: boolean): Promise<MachineStatus>;
  /** Halts the processors. @throws RequestError `MACHINE_STATE` */
  pause(id: string): Promise<MachineStatus>;
  resume(id: string): Promise<MachineStatus>;
  /** The reset button. */
  reset(id: string): Promise<MachineStatus>;
  /** Lets a machine run on that {@link stop} without `force` would switch off. @throws RequestError `MACHINE_STATE` */
  keep(id: string): Promise<MachineStatus>;
  /** Writes the memory to disk and ends QEMU; the next start continues from there. Returns at once in state `saving`. */
  save(id: string): Promise<MachineStatus>;
  /** The value of `@CREDENTIAL@` in its boot scripts, for its owner alone; null: no script uses it. */
  credential(id: string): Promise<string | null>;
  bootLog(id: string): Promise<BootLog>;
  snapshots(id: string): Promise<MachineSnapshot[]>;
  /** With its memory if it runs, of its disk alone if it is off. Returns when it is done. */
  takeSnapshot(id: string, name: string): Promise<MachineSnapshot[]>;
  restoreSnapshot(id: string, name: string): Promise<MachineStatus>;
  removeSnapshot(id: string, name: string): Promise<MachineSnapshot[]>;
  /** A stopped machine's disk becomes an image. Returns when it is done. */
  saveAsImage(id: string, image: NewImage): Promise<ImageSummary>;
  /** Kills it if it runs, and deletes all its files. */
  remove(id: string): Promise<void>;
  /** @throws RequestError `MACHINE_NOT_RUNNING` */
  screenshot(id: string, maxWidth: number): Promise<Screenshot>;
  on<E extends keyof LauncherEvents>(event: E, listener: (data: LauncherEvents[E]) => void): () => void;
  /** Detaches from the machines; they keep running. Idempotent. */
  close(): Promise<void>;
}
