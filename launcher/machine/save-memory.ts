import { PeerClosed } from "../../protocol/index.ts";
import type { QemuSession } from "./qemu-session.ts";
import { describeSnapshotFailure } from "./snapshot-store.ts";
import { SAVED_TAG } from "./snapshot-tags.ts";
import type { LifecycleEvent } from "../model/lifecycle.ts";

/** As much of a machine as saving and bringing back need. */
export interface SavableMachine {
  readonly session: QemuSession | undefined;
  apply(event: LifecycleEvent): void;
  /** Ends QEMU, with or without its consent. */
  quit(): void;
}

/**
 * Writes the memory to disk and ends QEMU. It may be begun again after an interruption.
 * @param halted the guest stood still before
 */
export async function saveMemory(machine: SavableMachine, halted: boolean): Promise<void> {
  const { session: guest } = machine;
  if (guest === undefined) return;
  try {
    // From here on nothing changes on the disk that the memory does not know of.
    await guest.pause();
    await guest.takeSnapshot(SAVED_TAG);
  } catch (error) {
    // Whoever closed the connection tells the rest: QEMU's end, or the next launcher.
    if (error instanceof PeerClosed) return;
    const said = describeSnapshotFailure(error);
    const reason = `The machine could not be saved. ${said}`;
    machine.apply({ kind: "saveFailed", reason, cause: { code: "SAVE_FAILED", details: { said } }, halted });
    if (!halted) await guest.resume().catch(() => undefined);
    return;
  }
  machine.apply({ kind: "saved", tag: SAVED_TAG });
  machine.quit();
}

/** Puts a memory back into a QEMU whose processors have not begun, and lets them go on. */
export async function restoreMemory(machine: SavableMachine, tag: string): Promise<void> {
  const { session: guest } = machine;
  if (guest === undefined) return;
  try {
    await guest.loadSnapshot(tag);
  } catch (error) {
    if (error instanceof PeerClosed) return;
    const said = describeSnapshotFailure(error);
    const reason = `The saved memory could not be put back. ${said} Start it again: it boots anew.`;
    machine.apply({ kind: "restoreFailed", reason, cause: { code: "RESTORE_FAILED", details: { said } } });
    machine.quit();
    return;
  }
  // Noted before the guest moves: its memory is no longer the one on disk.
  machine.apply({ kind: "restored" });
  await guest.resume();
  if (tag === SAVED_TAG) await guest.dropSnapshot(tag);
}
