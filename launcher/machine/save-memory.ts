import { PeerClosed } from "../../protocol/index.ts";
import type { QemuSession } from "./qemu-session.ts";
import { describeSnapshotFailure, SAVED_TAG } from "./snapshot-store.ts";
import type { Lifecycle, LifecycleEvent } from "../model/lifecycle.ts";

interface SavableMachine {
  readonly lifecycle: Lifecycle;
  readonly session: QemuSession | undefined;
  apply(event: LifecycleEvent): void;
  /** Ends QEMU; kills it if it does not answer. */
  quit(): void;
}

/** Writes the memory to disk and ends QEMU. May be repeated after an interruption. */
export async function saveMemory(machine: SavableMachine): Promise<void> {
  const { session, lifecycle } = machine;
  if (session === undefined) return;
  try {
    // From here on the disk changes no more: it stays consistent with the saved memory.
    await session.pause();
    await session.takeSnapshot(SAVED_TAG);
  } catch (error) {
    // QEMU ended, or the launcher is closing: the exit handler or the next launcher continues.
    if (error instanceof PeerClosed) return;
    const said = describeSnapshotFailure(error);
    const reason = `The machine could not be saved. ${said}`;
    machine.apply({ kind: "saveFailed", reason, cause: { code: "SAVE_FAILED", details: { said } } });
    if (lifecycle.wasPaused !== true) await session.resume().catch(() => undefined);
    return;
  }
  machine.apply({ kind: "saved", tag: SAVED_TAG });
  machine.quit();
}

/** Loads a memory into a QEMU whose processors have not started, and starts them. */
export async function restoreMemory(machine: SavableMachine, tag: string): Promise<void> {
  const { session } = machine;
  if (session === undefined) return;
  try {
    await session.loadSnapshot(tag);
  } catch (error) {
    if (error instanceof PeerClosed) return;
    const said = describeSnapshotFailure(error);
    const reason = `The saved memory could not be put back. ${said} Start it again: it boots anew.`;
    machine.apply({ kind: "restoreFailed", reason, cause: { code: "RESTORE_FAILED", details: { said } } });
    machine.quit();
    return;
  }
  // Recorded before the guest runs: from then on its memory differs from the one on disk.
  machine.apply({ kind: "restored" });
  await session.resume();
  if (tag === SAVED_TAG) await session.dropSnapshot(tag);
}
