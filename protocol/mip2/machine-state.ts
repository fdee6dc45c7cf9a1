import type { MachineState } from "./host-methods.ts";

/** What can be done with a machine in each state, and which parts exist. Pure; the pages import this file. */

/** It has ended: there is no QEMU, its resources are free, and it can be started. */
export function isOff(state: MachineState): state is "stopped" | "failed" {
  return state === "stopped" || state === "failed";
}

/** Its virtual processors run. */
export function isOn(state: MachineState): boolean {
  return state === "booting" || state === "running";
}

/** Its guest is in memory: it runs or is paused, and can be saved, reset and stopped. */
export function hasGuest(state: MachineState): boolean {
  return isOn(state) || state === "paused";
}

/** QEMU provides a screen. */
export function hasDisplay(state: MachineState): boolean {
  return hasGuest(state) || state === "stopping";
}

/** Before QEMU starts: it waits for a host, or its host prepares it. */
export function isPending(state: MachineState): boolean {
  return state === "queued" || state === "preparing";
}

/** It is going to run, but does not run yet. */
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

/** Snapshots can be taken of a guest in memory, and of the disk of a machine that was shut down properly. */
export function canSnapshot(state: MachineState): boolean {
  return hasGuest(state) || state === "stopped";
}

/** Every run leaves a boot log, however it ended. */
export function hasBootLog(state: MachineState): boolean {
  return hasGuest(state) || isOff(state);
}
