import type { MachineState } from "./host-methods.ts";

/** What may be done with a machine, and what there is of it, by its state. Pure; the pages import this file. */

/** It has ended: no QEMU, its resources are free, and it may be started. */
export function isOff(state: MachineState): boolean {
  return state === "stopped" || state === "failed";
}

/** Its processors run. */
export function isOn(state: MachineState): boolean {
  return state === "booting" || state === "running";
}

/** Its guest is in memory: it runs or is paused, and may be saved, reset and stopped. */
export function hasGuest(state: MachineState): boolean {
  return isOn(state) || state === "paused";
}

/** QEMU shows a screen. */
export function hasDisplay(state: MachineState): boolean {
  return hasGuest(state) || state === "stopping";
}

/** A QEMU process works for it. */
export function hasProcess(state: MachineState): boolean {
  return hasDisplay(state) || state === "saving";
}

/** Before QEMU: it waits for a host, or its host prepares it. */
export function isPending(state: MachineState): boolean {
  return state === "queued" || state === "preparing";
}

/** It is to run, and does not yet. */
export function isStarting(state: MachineState): boolean {
  return isPending(state) || state === "booting";
}

export function canPause(state: MachineState): boolean {
  return isOn(state);
}

export function canSave(state: MachineState): boolean {
  return hasGuest(state);
}

export function canReset(state: MachineState): boolean {
  return hasGuest(state);
}

/** Snapshots are taken of a guest, and of the disk of a machine that stopped properly. */
export function canSnapshot(state: MachineState): boolean {
  return hasGuest(state) || state === "stopped";
}

/** A boot log is left by every run, whatever its end. */
export function hasBootLog(state: MachineState): boolean {
  return hasGuest(state) || isOff(state);
}
