import { existsSync } from "node:fs";
import { findProcess, isAlive, readBootId, type ProcessIdentity } from "../process/proc-stat.ts";
import type { MachinePaths } from "./machine-paths.ts";
import type { MachineRecord } from "./record.ts";

/** What a launcher finds of a machine that an earlier one left. */
export type Finding =
  | { readonly kind: "alive"; readonly process: ProcessIdentity }
  /** It had ended before, or ended properly while nobody looked. */
  | { readonly kind: "ended"; readonly state: "stopped" | "failed"; readonly reason?: string };

/** Decides what became of a machine: reads `/proc` and the folder, changes nothing. */
export function examine(record: MachineRecord, paths: MachinePaths): Finding {
  if (record.state === "stopped" || record.state === "failed")
    return { kind: "ended", state: record.state, ...keepReason(record) };
  const process = record.process ?? findProcess(paths.qmpSocket);
  if (process !== null && isAlive(process)) return { kind: "alive", process };
  if (process === null) {
    return record.state === "stopping"
      ? { kind: "ended", state: "stopped" }
      : failed("The launcher ended while the machine was being prepared. Start it again.");
  }
  if (record.state === "stopping") return { kind: "ended", state: "stopped", ...keepReason(record) };
  if (record.state === "saving") {
    return record.saved === undefined
      ? failed("QEMU ended while its memory was being saved. Start it again: it boots anew.")
      : { kind: "ended", state: "stopped" };
  }
  if (process.bootId !== readBootId())
    return { kind: "ended", state: "stopped", reason: "The host was restarted." };
  // QEMU removes its sockets when it ends properly, and leaves them when it is killed.
  if (!existsSync(paths.qmpSocket))
    return { kind: "ended", state: "stopped", reason: "It ended while the launcher was away." };
  return failed("QEMU ended unexpectedly while the launcher was away.");
}

function failed(reason: string): Finding {
  return { kind: "ended", state: "failed", reason };
}

function keepReason(record: MachineRecord): { reason?: string } {
  return record.reason === undefined ? {} : { reason: record.reason };
}
