import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import { DISK_FULL } from "../qmp/lifecycle-events.ts";
import { trimBootLog } from "./boot-log.ts";
import { hasFreeSpace } from "./disk-space.ts";
import type { ManagedMachine } from "./managed-machine.ts";

const EVERY_MS = 3000;

/** What is looked after while a machine runs: its log's length, and room for a guest that waits for some. */
export function startHousekeeping(machine: ManagedMachine, clock: Clock, log: Logger): () => void {
  let cancel: (() => void) | undefined;
  let over = false;
  const work = async (): Promise<void> => {
    await trimBootLog(machine.paths.serialLog);
    const { state, reason } = machine.lifecycle;
    if (state !== "paused" || reason !== DISK_FULL.reason || machine.session === undefined) return;
    if (await hasFreeSpace(machine.nodes.map((node) => node.file))) await machine.session.resume();
  };
  const plan = (): void => {
    if (!over) cancel = clock.after(EVERY_MS, run);
  };
  const run = (): void => {
    work()
      .catch((error: unknown) => {
        const fields = { event: "machine.chore-failed", machine: machine.spec.id, why: describeError(error) };
        log.warn(fields, "a running machine could not be looked after");
      })
      .finally(plan);
  };
  plan();
  return () => {
    over = true;
    cancel?.();
  };
}
