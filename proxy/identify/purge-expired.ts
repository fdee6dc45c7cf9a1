import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { Stores } from "../state/stores.ts";

/** Deletes what has expired, every minute; returns how to stop. */
export function startPurge(stores: Stores, clock: Clock, log: Logger): () => void {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const purge = async (): Promise<void> => {
    const now = clock.now();
    try {
      await Promise.all([
        stores.tokens.deleteExpired(now),
        stores.tickets.deleteExpired(now),
        stores.joinSecrets.deleteExpired(now),
        stores.agents.forget("mip1", now - PROXY_LIMITS.mip1MemoryMs),
        stores.repeaterIds.deleteExpired(now),
        stores.desktops.forget(now - PROXY_LIMITS.desktopMemoryMs, now),
      ]);
    } catch (error) {
      log.warn({ event: "state.sweep", err: error }, "what has expired could not be deleted");
    }
    schedule();
  };
  const schedule = (): void => {
    if (!stopped) cancel = clock.after(PROXY_LIMITS.sweepMs, () => void purge());
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
