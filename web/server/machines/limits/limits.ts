import { z } from "zod";
import type { AccountRole } from "../../../../proxy/index.ts";

/** What of machines nobody may ask for unless they are named. */
export const PRIVILEGES = ["script", "internet", "gpu", "master"] as const;
export type Privilege = (typeof PRIVILEGES)[number];

const count = z.number().int().min(0);

/** How much one person may have; absent: as much as the hosts have. */
export const limits = z.strictObject({
  /** Machines that exist, running or not. */
  machines: count.optional(),
  /** Of all machines that are not off together. */
  cpus: count.optional(),
  memoryMb: count.optional(),
  /** Of all machines' own disks together, GiB. */
  diskGb: count.optional(),
  /** Of one run; with it, every machine has a lifetime. */
  lifetimeSeconds: z.number().int().min(60).max(31_536_000).optional(),
  /** Whether a run that ends may be prolonged, each time by at most the lifetime. */
  extend: z.boolean().optional(),
  may: z.array(z.enum(PRIVILEGES)).max(PRIVILEGES.length).optional(),
});
export type GivenLimits = z.infer<typeof limits>;

/** For each role, and for single people by name, whose own word goes first. */
export const limitTable = z.strictObject({
  roles: z.strictObject({ user: limits.optional(), admin: limits.optional() }).prefault({}),
  users: z.record(z.string().min(1).max(64), limits).default({}),
});
export type LimitTable = z.infer<typeof limitTable>;
export const NO_LIMITS: LimitTable = limitTable.parse({});

/** The same, with every question answered; null: no limit. */
export interface Limits {
  readonly machines: number | null;
  readonly cpus: number | null;
  readonly memoryMb: number | null;
  readonly diskGb: number | null;
  readonly lifetimeSeconds: number | null;
  readonly extend: boolean;
  readonly may: readonly Privilege[];
}

const DEFAULT_MAY: Readonly<Record<AccountRole, readonly Privilege[]>> = {
  user: ["internet"],
  admin: PRIVILEGES,
};

export function limitsOf(
  table: LimitTable,
  who: { readonly name: string; readonly role: AccountRole },
): Limits {
  const own = Object.hasOwn(table.users, who.name) ? table.users[who.name] : undefined;
  const given: GivenLimits = { ...table.roles[who.role], ...own };
  return {
    machines: given.machines ?? null,
    cpus: given.cpus ?? null,
    memoryMb: given.memoryMb ?? null,
    diskGb: given.diskGb ?? null,
    lifetimeSeconds: given.lifetimeSeconds ?? null,
    extend: given.extend ?? true,
    may: given.may ?? DEFAULT_MAY[who.role],
  };
}
