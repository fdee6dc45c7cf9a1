import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { isOff } from "../../protocol/index.ts";
import { repairLeaks } from "../disks/machine-disks.ts";
import { cleanUpMachine } from "../machine/clean-up.ts";
import { readMachineState } from "../machine/machine-state-store.ts";
import type { MachineContext } from "../machine/machine-context.ts";
import { ManagedMachine } from "../machine/managed-machine.ts";
import { makeReason, type StateReason } from "../model/lifecycle.ts";
import { MACHINE_FILES, machinePaths, type MachinePaths } from "../model/machine-paths.ts";
import { readJsonFile, replaceJsonFile } from "../system/json-file.ts";
import { machineSpec } from "../model/machine-spec.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { snapshotNodes } from "../model/snapshot-nodes.ts";
import { findProcess, isAlive, readBootId } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";

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

/** Adopts the machines that run, and cleans up after those that do not. */
export async function recoverMachines(
  folders: RecoveryFolders,
  context: MachineContext,
): Promise<ManagedMachine[]> {
  const entries = await readdir(folders.stateDir, { withFileTypes: true });
  const ids = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  const machines = await Promise.all(ids.map((id) => recoverMachine(folders, context, id)));
  return machines.filter((machine) => machine !== null);
}

/** Null: the folder is no machine's, or was a half-made machine's and is removed. */
async function recoverMachine(
  { stateDir, runtimeDir }: RecoveryFolders,
  context: MachineContext,
  id: string,
): Promise<ManagedMachine | null> {
  const { clock, log, programs } = context;
  const paths = machinePaths(stateDir, runtimeDir, id);
  const spec = readJsonFile(paths.spec, machineSpec);
  const record = readMachineState(paths.state);
  if (spec === null || record === null) {
    if (!(await isMachineFolder(paths.dir))) {
      log.warn({ event: "machine.foreign-folder", folder: id }, "a folder that is no machine was left alone");
      return null;
    }
    log.warn({ event: "machine.half-made", machine: id }, "a half-made machine was removed");
    await rm(paths.dir, { recursive: true, force: true });
    return null;
  }
  const recovered = examineLeftMachine(record, paths);
  if (recovered.kind === "alive") {
    const machine = new ManagedMachine({ spec, paths, record }, context);
    await machine.adopt(recovered.process);
    log.info({ event: "machine.adopted", machine: id, state: machine.status.state }, "machine adopted");
    return machine;
  }
  const ended = { ...markEnded(record, recovered, clock.now()), companions: [] };
  await cleanUpMachine({ spec, paths }, record, context);
  if (recovered.state === "failed" && record.state !== "failed" && programs !== null)
    await repairLeaks(programs.qemuImg, snapshotNodes(spec, paths));
  replaceJsonFile(paths.state, ended);
  return new ManagedMachine({ spec, paths, record: ended }, context);
}

/** Whether a folder holds only what a machine's folder may hold. */
async function isMachineFolder(dir: string): Promise<boolean> {
  return (await readdir(dir)).every((name) => MACHINE_FILES.includes(name.replace(/\.new$/, "")));
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
