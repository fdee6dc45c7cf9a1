import {
  canPause,
  canReset,
  canSave,
  hasGuest,
  isOff,
  LaunchError,
  RequestError,
  type BootLog,
  type MachineState,
  type MachineStatus,
  type MachineSnapshot,
} from "../../protocol/index.ts";
import { RECORD_DAMAGED } from "../model/damaged-machine.ts";
import { systemDisk } from "../model/snapshot-nodes.ts";
import { checkBase } from "../disks/base-record.ts";
import { flattenDisk } from "../disks/machine-disks.ts";
import type { QemuPrograms } from "../system/qemu-programs.ts";
import { readRunState } from "../qmp/lifecycle-events.ts";
import { readPreparedScripts } from "../scripts/prepare-scripts.ts";
import { readBootLog } from "./boot-log.ts";
import { checkMemorySupport } from "./check-memory-support.ts";
import type { QemuSession } from "./qemu-session.ts";
import type { ManagedMachine } from "./managed-machine.ts";
import { saveMemory } from "./save-memory.ts";
import { SnapshotStore } from "./snapshot-store.ts";

/** What people do to one machine, besides starting and stopping it. */
export class MachineControls {
  readonly #machine: ManagedMachine;
  readonly #programs: QemuPrograms | null;
  readonly #snapshots: SnapshotStore;

  constructor(machine: ManagedMachine, programs: QemuPrograms | null) {
    this.#machine = machine;
    this.#programs = programs;
    this.#snapshots = new SnapshotStore(machine.nodes, programs?.qemuImg ?? "qemu-img");
  }

  /** @throws RequestError `MACHINE_STATE` */
  async pause(): Promise<MachineStatus> {
    await this.#expect(canPause).pause();
    this.#machine.apply({ kind: "halted" });
    return this.#machine.status;
  }

  /** @throws RequestError `MACHINE_STATE` */
  async resume(): Promise<MachineStatus> {
    await this.#expect((state) => state === "paused").resume();
    this.#machine.apply({ kind: "resumed" });
    return this.#machine.status;
  }

  /** The reset button; also resumes a halted guest. @throws RequestError `MACHINE_STATE` */
  async reset(): Promise<MachineStatus> {
    const session = this.#expect(canReset);
    await session.reset();
    await session.resume();
    this.#machine.apply({ kind: "reset" });
    return this.#machine.status;
  }

  /**
   * Returns at once in state `saving`.
   * @throws RequestError `MACHINE_STATE`, `SNAPSHOT_UNSUPPORTED`, `MEMORY_GPU`, `MEMORY_SHARES`,
   * `MEMORY_NVME`
   */
  save(): MachineStatus {
    this.#expect(canSave);
    this.#refuseStandIn();
    this.#snapshots.checkSupport();
    checkMemorySupport(this.#machine.spec);
    this.#machine.apply({ kind: "saveRequested" });
    this.#machine.queue.enqueue(() => saveMemory(this.#machine));
    return this.#machine.status;
  }

  /** @throws RequestError `RECORD_DAMAGED` */
  async snapshots(): Promise<MachineSnapshot[]> {
    this.#refuseStandIn();
    return this.#snapshots.list(this.#machine.session);
  }

  /**
   * @throws RequestError `MACHINE_STATE`, `MACHINE_BUSY`, `SNAPSHOT_EXISTS`, `SNAPSHOT_LIMIT`, `SNAPSHOT_UNSUPPORTED`,
   * `MEMORY_GPU`, `MEMORY_SHARES`, `MEMORY_NVME`
   */
  takeSnapshot(name: string): Promise<MachineSnapshot[]> {
    return this.#withSnapshots(async (session) => {
      if (session !== undefined && this.#machine.spec.dataDisk !== undefined)
        throw refuse(
          "SNAPSHOT_UNSUPPORTED",
          "The data disk would not go back with the machine's memory. Stop the machine first.",
        );
      if (session !== undefined) checkMemorySupport(this.#machine.spec);
      await this.#snapshots.take(name, session);
      return this.#snapshots.list(session);
    });
  }

  /** @throws RequestError `MACHINE_STATE`, `MACHINE_BUSY`, `MACHINE_RUNNING`, `SNAPSHOT_UNKNOWN` */
  restore(name: string): Promise<MachineStatus> {
    return this.#withSnapshots(async (session) => {
      const tag = await this.#snapshots.restore(name, session);
      if (session === undefined)
        this.#machine.apply({ kind: "memoryChosen", ...(tag === undefined ? {} : { tag }) });
      return this.#machine.status;
    });
  }

  /** @throws RequestError `MACHINE_STATE`, `MACHINE_BUSY`, `SNAPSHOT_UNKNOWN` */
  removeSnapshot(name: string): Promise<MachineSnapshot[]> {
    return this.#withSnapshots(async (session) => {
      const tag = await this.#snapshots.remove(name, session);
      if (this.#machine.lifecycle.saved === tag) this.#machine.apply({ kind: "memoryChosen" });
      return this.#snapshots.list(session);
    });
  }

  bootLog(): Promise<BootLog> {
    return readBootLog(this.#machine.paths.serialLog);
  }

  /**
   * Flattens a stopped machine's disk into one image at `paths.exported`, and passes it on. The file is only valid
   * during `use`.
   * @throws RequestError `MACHINE_STATE`, `MACHINE_BUSY`, `MACHINE_DISKLESS`,
   *   `MACHINE_MANY_DISKS`; LaunchError `OVERLAY_UNSAFE`
   */
  async exportDisk<T>(compress: boolean, use: (file: string) => Promise<T>): Promise<T> {
    const { spec, paths, closing } = this.#machine;
    this.#refuseStandIn();
    if (systemDisk(spec) !== "own") {
      throw refuse(
        "MACHINE_DISKLESS",
        spec.master ? "The machine works on its image itself." : "The machine has no disk of its own.",
      );
    }
    if ((spec.extraDisks?.length ?? 0) > 0)
      throw refuse("MACHINE_MANY_DISKS", "The machine has several disks, and an image is made from one.");
    const qemuImg = this.#programs?.qemuImg;
    if (qemuImg === undefined) throw new LaunchError("QEMU_MISSING", "QEMU is not installed");
    return this.#machine.queue.runExclusive(async () => {
      this.#refuseUnless(isOff);
      const onFraction = (fraction: number): void => {
        this.#machine.reportProgress(fraction);
      };
      try {
        await checkBase(spec, paths);
        const { base = null } = readPreparedScripts(paths.dir) ?? {};
        const from = { file: paths.overlay, boot: spec.boot, customized: base };
        await flattenDisk(qemuImg, from, paths.exported, { signal: closing, onFraction, compress });
        return await use(paths.exported);
      } finally {
        this.#machine.reportProgress(undefined);
      }
    });
  }

  /** Runs `work` exclusively, with the QEMU session, or without one while the machine is off. */
  #withSnapshots<T>(work: (session: QemuSession | undefined) => Promise<T>): Promise<T> {
    this.#refuseStandIn();
    return this.#machine.queue.runExclusive(async () => {
      this.#refuseUnless((state) => hasGuest(state) || isOff(state));
      if (this.#machine.ended) return work(undefined);
      const session = this.#expect(hasGuest);
      try {
        return await work(session);
      } finally {
        // The guest stood still meanwhile, or has gone back in time.
        this.#machine.guestWatcher.adjustClock();
        const change = readRunState(await session.readStatus().catch(() => ""));
        if (change !== null) this.#machine.apply(change);
      }
    });
  }

  /** @throws RequestError `MACHINE_STATE` */
  #expect(fits: (state: MachineState) => boolean): QemuSession {
    this.#refuseUnless(fits);
    if (this.#machine.session !== undefined) return this.#machine.session;
    throw refuse("MACHINE_STATE", "The machine does not answer now. Try again in a moment.");
  }

  /** @throws RequestError `RECORD_DAMAGED` */
  #refuseStandIn(): void {
    if (this.#machine.isStandIn) throw refuse("RECORD_DAMAGED", RECORD_DAMAGED.reason);
  }

  #refuseUnless(fits: (state: MachineState) => boolean): void {
    const { state } = this.#machine.lifecycle;
    if (!fits(state)) throw refuse("MACHINE_STATE", `That is not possible while the machine is ${state}.`);
  }
}

function refuse(code: string, text: string): RequestError {
  return RequestError.public(code, text);
}
