import type { Clock, KeyedQueue } from "../../protocol/index.ts";
import type { MachineRecord, Proxy } from "../../proxy/index.ts";
import { refuse } from "../errors.ts";
import type { LiveUpdates } from "../../web/server/live/live-updates.ts";
import type { Quota } from "../quota/quota.ts";

/**
 * Until when a run goes on that is prolonged now: by its lifetime or what is asked, and never beyond what the limits
 * give from now on. Null: it would end no later than it does.
 */
export function planExtension(
  { expiresAt, lifetimeMs }: Pick<MachineRecord, "expiresAt" | "lifetimeMs">,
  limits: Quota,
  now: number,
  askedMs: number | null,
): number | null {
  if (expiresAt === null) return null;
  const wanted = askedMs ?? lifetimeMs ?? 0;
  const most = limits.lifetimeSeconds === null ? Infinity : limits.lifetimeSeconds * 1000;
  const until = now + Math.min(wanted, most);
  return until > expiresAt ? until : null;
}

export interface ExtendContext {
  readonly proxy: Proxy;
  readonly queue: KeyedQueue;
  readonly live: LiveUpdates;
  readonly clock: Clock;
}

/**
 * Gives a run more time.
 * @throws RequestError `EXTEND_FORBIDDEN`, `MACHINE_NO_END`, `MACHINE_ENDING`, `LIMIT_LIFETIME`
 */
export function extendMachine(
  { proxy, queue: turns, live, clock }: ExtendContext,
  id: string,
  limits: Quota,
  askedMs: number | null,
): Promise<MachineRecord> {
  return turns.run(id, async () => {
    const { machines } = proxy.stores;
    const record = await machines.find(id);
    if (record === null) throw refuse("MACHINE_UNKNOWN");
    if (!limits.extend) throw refuse("EXTEND_FORBIDDEN");
    if (record.expiresAt === null) throw refuse("MACHINE_NO_END");
    if (record.ending !== null) throw refuse("MACHINE_ENDING");
    const until = planExtension(record, limits, clock.now(), askedMs);
    if (until === null)
      throw refuse("LIMIT_LIFETIME", "The machine runs as long already as you may let it run from now on.");
    const extended = await machines.update(id, { expiresAt: until, warnedAt: null });
    live.machineChanged(id);
    if (extended === null) throw refuse("MACHINE_UNKNOWN");
    return extended;
  });
}
