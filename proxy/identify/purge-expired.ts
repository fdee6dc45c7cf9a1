import type { Logger } from "pino";
import type { Clock } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { DesktopRecord } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";

interface PurgeDependencies {
  readonly stores: Pick<
    Stores,
    | "tokens"
    | "tickets"
    | "joinSecrets"
    | "signInSteps"
    | "apiTokens"
    | "deviceLogins"
    | "invitations"
    | "signUps"
    | "repeatedRequests"
    | "agents"
    | "repeaterIds"
    | "desktops"
    | "sessions"
    | "grants"
  >;
  readonly clock: Clock;
  readonly log: Logger;
  /** A desktop was removed because it had been gone for too long. */
  readonly onForgotten: (desktop: Pick<DesktopRecord, "id" | "name" | "agentId">) => void;
}

/** Deletes what has expired, every minute; returns how to stop. */
export function startPurge({ stores, clock, log, onForgotten }: PurgeDependencies): () => void {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const purge = async (): Promise<void> => {
    const now = clock.now();
    try {
      await Promise.all([
        stores.tokens.deleteExpired(now),
        stores.tickets.deleteExpired(now),
        stores.joinSecrets.deleteExpired(now),
        stores.signInSteps.deleteExpired(now),
        stores.apiTokens.deleteExpired(now),
        stores.deviceLogins.deleteExpired(now),
        stores.invitations.deleteExpired(now),
        stores.signUps.deleteExpired(now),
        stores.repeatedRequests.deleteExpired(now),
        stores.agents.forget("mip1", now - PROXY_LIMITS.mip1MemoryMs),
        stores.repeaterIds.deleteExpired(now),
        stores.grants.deleteChanges(now - PROXY_LIMITS.rightsMemoryMs),
      ]);
      await forgetSessions(stores.sessions, now - PROXY_LIMITS.sessionMemoryMs);
      const { desktopMemoryMs, desktopsForgotten } = PROXY_LIMITS;
      const forgotten = await stores.desktops.forget(now - desktopMemoryMs, {
        now,
        limit: desktopsForgotten,
      });
      for (const desktop of forgotten) onForgotten(desktop);
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

/** The audit log has them all; the state keeps what a list shows. */
async function forgetSessions(sessions: Stores["sessions"], before: number): Promise<void> {
  const { closedSessions: keep, sessionsForgotten: limit } = PROXY_LIMITS;
  let gone: number = limit;
  while (gone >= limit) gone = await sessions.forget({ before, keep, limit });
}
