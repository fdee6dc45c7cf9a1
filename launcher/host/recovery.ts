import { existsSync } from "node:fs";
import { findProcess, isAlive, readBootId } from "../system/proc-stat.ts";
import type { ProcessIdentity } from "../model/process-identity.ts";
import { makeReason, type StateReason } from "../model/lifecycle.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";

/** What a launcher finds of a machine that an earlier one left. */
export type RecoveredState =
  | { readonly kind: "alive"; readonly process: ProcessIdentity }
  /** It had ended before, or ended properly while nobody looked. */
  | ({ readonly kind: "ended"; readonly state: "stopped" | "failed" } & Partial<StateReason>);

/** Decides what became of a machine: reads `/proc` and the folder, changes nothing. */
export function examineLeftMachine(record: MachineStateFile, paths: MachinePaths): RecoveredState {
  if (record.state === "stopped" || record.state === "failed")
    return { kind: "ended", state: record.state, ...keepReason(record) };
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
