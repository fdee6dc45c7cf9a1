import { machineStateFile, type MachineStateFile } from "../../launcher/model/machine-state-file.ts";
import { readRecord } from "../../launcher/system/json-file.ts";

/** A machine's state as its launcher wrote it down; null: the file is not there, or not whole. */
export function readWholeState(file: string): MachineStateFile | null {
  const found = readRecord(file, machineStateFile);
  return found.kind === "whole" ? found.value : null;
}
