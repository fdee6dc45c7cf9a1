import type { Logger } from "pino";
import { describeError, type Clock } from "../../protocol/index.ts";
import { DISK_FULL } from "../qmp/life-events.ts";
import { trimLog } from "./boot-log.ts";
import { hasRoom } from "./disk-room.ts";
import type { Machine } from "./machine.ts";

const EVERY_MS = 3000;

/** What is looked after while a machine runs: its log's length, and room for a guest that waits for some. */
export function startChores(machine: Machine, clock: Clock, log: Logger): () => void {
  let cancel: (() => void) | undefined;
  let over = false;
  const work = async (): Promise<void> => {
    await trimLog(machine.paths.serialLog);
    const { state, reason } = machine.life;
    if (state !== "paused" || reason !== DISK_FULL.reason || machine.guest === undefined) return;
    if (await hasRoom(machine.nodes.map((node) => node.file))) await machine.guest.go();
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
