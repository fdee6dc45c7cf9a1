import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import type { Lifecycle } from "../model/lifecycle.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import type { SnapshotNode } from "../model/snapshot-nodes.ts";
import { DISK_FULL } from "../qmp/lifecycle-events.ts";
import { trimBootLog } from "./boot-log.ts";
import type { QemuSession } from "./qemu-session.ts";

const INTERVAL_MS = 3000;
/** A guest that was paused on a full disk is resumed when this much is free. */
const NEEDED_BYTES = 16 * 1024 * 1024;

interface RunningMachine {
  readonly spec: { readonly id: string };
  readonly paths: Pick<MachinePaths, "serialLog">;
  readonly nodes: readonly SnapshotNode[];
  readonly lifecycle: Lifecycle;
  readonly session: QemuSession | undefined;
}

/**
 * The periodic care of a running machine: trims its boot log, and resumes a guest that waits for free disk space.
 * @returns stops it
 */
export function startHousekeeping(machine: RunningMachine, clock: Clock, log: Logger): () => void {
  let cancel: (() => void) | undefined;
  let over = false;
  const work = async (): Promise<void> => {
    await trimBootLog(machine.paths.serialLog);
    const { state, reason } = machine.lifecycle;
    if (state !== "paused" || reason !== DISK_FULL.reason || machine.session === undefined) return;
    if (await hasFreeSpace(machine.nodes.map((node) => node.file))) await machine.session.resume();
  };
  const schedule = (): void => {
    if (!over) cancel = clock.after(INTERVAL_MS, run);
  };
  const run = (): void => {
    work()
      .catch((error: unknown) => {
        const fields = { event: "machine.chore-failed", machine: machine.spec.id, why: describeError(error) };
        log.warn(fields, "a running machine could not be looked after");
      })
      .finally(schedule);
  };
  schedule();
  return () => {
    over = true;
    cancel?.();
  };
}

/** Whether the file systems of these files have free space again. */
export async function hasFreeSpace(files: readonly string[]): Promise<boolean> {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < NEEDED_BYTES) return false;
  }
  return true;
}
