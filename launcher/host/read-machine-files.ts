import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, isMissing, machineCreate } from "../../protocol/index.ts";
import { readMachineState } from "../machine/machine-state-store.ts";
import { machinePaths, type MachinePaths } from "../model/machine-paths.ts";
import { machineSpec, type MachineSpec } from "../model/machine-spec.ts";
import type { MachineStateFile } from "../model/machine-state-file.ts";
import { isThere, readRecord } from "../system/json-file.ts";
import { findProcesses } from "../system/proc-stat.ts";

/** What a folder below the state folder is. */
export type MachineFiles =
  | { readonly kind: "whole"; readonly spec: MachineSpec; readonly record: MachineStateFile }
  /** The specification is whole, so that the machine can run; what it was doing is not known. */
  | { readonly kind: "stateDamaged"; readonly spec: MachineSpec; readonly why: string }
  /** A machine, but which one is not known. Its files may hold a person's data: nothing of them is touched. */
  | { readonly kind: "damaged"; readonly why: string }
  /** A machine whose launcher ended while it wrote the first records: it holds nothing. */
  | { readonly kind: "halfMade" }
  | { readonly kind: "foreign" };

/** Files that only a machine has. */
const SIGNS = [
  ...["spec.json", "state.json", "overlay.qcow2", "disk-1.qcow2", "disk-2.qcow2"],
  ...["firmware-vars.qcow2", "memory.qcow2"],
] as const;
/** What the first moments of a machine leave. */
const FIRST_FILES = ["state.json", "state.json.new", "spec.json.new"] as const;

/** Ids of the folders below the state folder, and of machines whose QEMU runs, with or without a folder. */
export async function listMachineIds(stateDir: string, runtimeDir: string): Promise<string[]> {
  const entries = await readdir(stateDir, { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  return [...new Set([...folders, ...listRunningMachineIds(stateDir, runtimeDir)])];
}

/** A QEMU names the machine's folder and its control socket in its command line. */
function listRunningMachineIds(stateDir: string, runtimeDir: string): string[] {
  const ids = new Set<string>();
  findProcesses((commandLine) => {
    for (const after of commandLine.split(`${stateDir}/`).slice(1)) {
      const id = /^[a-z0-9-]{1,64}(?=\/)/.exec(after)?.[0];
      if (id !== undefined && commandLine.includes(machinePaths(stateDir, runtimeDir, id).qmpSocket))
        ids.add(id);
    }
    return false;
  });
  return [...ids];
}

/** @param runs whether its QEMU runs */
export async function readMachineFiles(
  id: string,
  paths: MachinePaths,
  runs: boolean,
): Promise<MachineFiles> {
  if (!machineCreate.shape.id.safeParse(id).success) return { kind: "foreign" };
  const spec = readRecord(paths.spec, machineSpec);
  const state = readMachineState(paths.state);
  if (spec.kind === "whole") {
    if (spec.value.id !== id) return { kind: "damaged", why: "spec.json is of another machine" };
    if (state.kind === "whole") return { kind: "whole", spec: spec.value, record: state.value };
    const why = state.kind === "missing" ? "state.json is missing" : `state.json: ${state.why}`;
    return { kind: "stateDamaged", spec: spec.value, why };
  }
  if (spec.kind === "damaged") return { kind: "damaged", why: `spec.json: ${spec.why}` };
  if (runs) return { kind: "damaged", why: "spec.json is missing" };
  let names: string[];
  try {
    names = await readdir(paths.dir);
  } catch (error) {
    if (isMissing(error)) return { kind: "halfMade" };
    return { kind: "damaged", why: `its folder cannot be read (${errorCode(error)})` };
  }
  if (names.every((name) => (FIRST_FILES as readonly string[]).includes(name))) return { kind: "halfMade" };
  return names.some((name) => (SIGNS as readonly string[]).includes(name))
    ? { kind: "damaged", why: "spec.json is missing" }
    : { kind: "foreign" };
}

/** Removes a half-made machine: the files of its first moments by name, and the folder only if nothing else is in it. */
export async function removeHalfMade(dir: string): Promise<void> {
  if (!isThere(dir)) return;
  for (const name of FIRST_FILES) await rm(join(dir, name), { force: true });
  await rmdir(dir);
}
