import { existsSync } from "node:fs";
import { describeError, isOff } from "../../protocol/index.ts";
import { repairLeaks } from "../disks/machine-disks.ts";
import { cleanUpMachine } from "../machine/clean-up.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import { ManagedMachine } from "../machine/managed-machine.ts";
import { makeReason, type StateReason } from "../model/lifecycle.ts";
import { RECORD_DAMAGED, RECORD_DAMAGED_RUNS, STATE_DAMAGED, standInSpec } from "../model/damaged-machine.ts";
import { machinePaths, type MachinePaths } from "../model/machine-paths.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { snapshotNodes } from "../model/snapshot-nodes.ts";
import { findProcess, isAlive, readBootId } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import { listMachineIds, readMachineFiles, removeHalfMade } from "./read-machine-files.ts";

/** What an earlier launcher left of a machine. */
export type RecoveredState =
  | { readonly kind: "alive"; readonly process: ProcessIdentity }
  /** It ended under an earlier launcher, or while none was running. */
  | EndedState;

type EndedState = { readonly kind: "ended"; readonly state: "stopped" | "failed" } & Partial<StateReason>;

interface RecoveryFolders {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** Adopts the machines that run, and cleans up after those that do not. No machine's disk is ever removed. */
export async function recoverMachines(
  folders: RecoveryFolders,
  context: MachineContext,
): Promise<ManagedMachine[]> {
  const ids = await listMachineIds(folders.stateDir, folders.runtimeDir);
  const machines = await Promise.all(ids.map((id) => recoverMachine(folders, context, id)));
  return machines.filter((machine) => machine !== null);
}

/** Null: the folder is no machine's, or was a half-made machine's. */
async function recoverMachine(
  { stateDir, runtimeDir }: RecoveryFolders,
  context: MachineContext,
  id: string,
): Promise<ManagedMachine | null> {
  const { log } = context;
  const paths = machinePaths(stateDir, runtimeDir, id);
  const process = findProcess(paths.qmpSocket);
  const files = await readMachineFiles(id, paths, process !== null);
  switch (files.kind) {
    case "whole":
      return recoverWhole({ spec: files.spec, record: files.record, paths }, context);
    case "stateDamaged":
      log.error(
        { event: "machine.state-damaged", machine: id, why: files.why },
        "a machine's state is unknown",
      );
      return recoverWithoutState({ spec: files.spec, paths, process }, context);
    case "damaged":
      log.error(
        { event: "machine.record-damaged", machine: id, running: process !== null, why: files.why },
        "a machine's record is damaged; its files are left as they are",
      );
      return recoverWithoutSpec(id, { paths, process }, context);
    case "halfMade":
      log.warn({ event: "machine.half-made", machine: id }, "a half-made machine was removed");
      await removeHalfMade(paths.dir).catch((error: unknown) => {
        const why = describeError(error);
        log.warn({ event: "machine.untidy", machine: id, why }, "its folder was left");
      });
      return null;
    case "foreign":
      log.warn({ event: "machine.foreign-folder", folder: id }, "a folder that is no machine was left alone");
      return null;
  }
}

async function recoverWhole(
  { spec, record, paths }: { spec: MachineSpec; record: MachineStateFile; paths: MachinePaths },
  context: MachineContext,
): Promise<ManagedMachine> {
  const { clock, log, programs } = context;
  const recovered = examineLeftMachine(record, paths);
  if (recovered.kind === "alive") {
    const machine = new ManagedMachine({ spec, paths, record }, context);
    await machine.adopt(recovered.process);
    log.info({ event: "machine.adopted", machine: spec.id, state: machine.status.state }, "machine adopted");
    return machine;
  }
  const ended = { ...markEnded(record, recovered, clock.now()), companions: [] };
  await cleanUpMachine({ spec, paths }, record, context);
  if (recovered.state === "failed" && record.state !== "failed" && programs !== null)
    await repairLeaks(programs.qemuImg, snapshotNodes(spec, paths));
  const machine = new ManagedMachine({ spec, paths, record: ended }, context);
  machine.writeRecord();
  return machine;
}

interface LeftWithoutRecord {
  readonly paths: MachinePaths;
  /** Its QEMU, if it runs. */
  readonly process: ProcessIdentity | null;
}

/** QEMU itself says what the machine does; without one nothing is written until a person starts the machine. */
async function recoverWithoutState(
  { spec, paths, process }: LeftWithoutRecord & { readonly spec: MachineSpec },
  context: MachineContext,
): Promise<ManagedMachine> {
  const since = context.clock.now();
  const rest = { since, companions: [], logFrom: 0 };
  if (process !== null) {
    const machine = new ManagedMachine({ spec, paths, record: { ...rest, state: "running" } }, context);
    await machine.adopt(process);
    return machine;
  }
  const record: MachineStateFile = { ...rest, state: "failed", ...STATE_DAMAGED };
  await cleanUpMachine({ spec, paths }, record, context);
  return new ManagedMachine({ spec, paths, record }, context);
}

/** A running QEMU keeps running, and keeps its screen; a person can end and delete it. */
async function recoverWithoutSpec(
  id: string,
  { paths, process }: LeftWithoutRecord,
  context: MachineContext,
): Promise<ManagedMachine> {
  const spec = standInSpec(id, paths.slot);
  const rest = { since: context.clock.now(), companions: [], logFrom: 0 };
  const record: MachineStateFile =
    process === null
      ? { ...rest, state: "failed", ...RECORD_DAMAGED }
      : { ...rest, state: "running", ...RECORD_DAMAGED_RUNS };
  const machine = new ManagedMachine({ spec, paths, record, isStandIn: true }, context);
  if (process === null) await cleanUpMachine({ spec, paths }, record, context);
  else await machine.adopt(process);
  return machine;
}

function markEnded(
  record: MachineStateFile,
  { state, reason, cause }: EndedState,
  now: number,
): MachineStateFile {
  if (record.state === state) return record;
  const { process: _ended, ...rest } = record;
  return { ...rest, state, reason, cause, since: now };
}

/** Determines the state of a machine from `/proc` and its folder. Changes nothing. */
export function examineLeftMachine(record: MachineStateFile, paths: MachinePaths): RecoveredState {
  if (isOff(record.state)) return { kind: "ended", state: record.state, ...keepReason(record) };
  const process = record.process ?? findProcess(paths.qmpSocket);
  if (process !== null && isAlive(process)) return { kind: "alive", process };
  if (process === null) {
    return record.state === "stopping"
      ? { kind: "ended", state: "stopped" }
      : failed("PREPARING_ENDED", "The launcher ended while the machine was being prepared. Start it again.");
  }
  if (record.state === "stopping") return { kind: "ended", state: "stopped", ...keepReason(record) };
  if (record.state === "saving") {
    return record.saved === undefined
      ? failed("SAVING_ENDED", "QEMU ended while its memory was being saved. Start it again: it boots anew.")
      : { kind: "ended", state: "stopped" };
  }
  if (process.bootId !== readBootId())
    return { kind: "ended", state: "stopped", ...makeReason("HOST_RESTARTED", "The host was restarted.") };
  // QEMU removes its sockets when it ends properly, and leaves them when it is killed.
  if (!existsSync(paths.qmpSocket))
    return {
      kind: "ended",
      state: "stopped",
      ...makeReason("ENDED_UNSEEN", "It ended while the launcher was away."),
    };
  return failed("QEMU_ENDED_UNSEEN", "QEMU ended unexpectedly while the launcher was away.");
}

function failed(code: string, sentence: string): RecoveredState {
  return { kind: "ended", state: "failed", ...makeReason(code, sentence) };
}

function keepReason({ reason, cause }: MachineStateFile): Partial<StateReason> {
  return { ...(reason === undefined ? {} : { reason }), ...(cause === undefined ? {} : { cause }) };
}
