import { z } from "zod";
import type { AccountRole } from "../../proxy/index.ts";

/** What of machines nobody may ask for unless they are named. */
export const PRIVILEGES = ["script", "internet", "gpu", "master"] as const;
export type Privilege = (typeof PRIVILEGES)[number];

const count = z.number().int().min(0);

/** How much one person may have; absent: as much as the hosts have. */
export const quotaSchema = z.strictObject({
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
export type ConfiguredQuota = z.infer<typeof quotaSchema>;

/** For each role, and for single people by name, whose own word goes first. */
export const quotaTable = z.strictObject({
  roles: z.strictObject({ user: quotaSchema.optional(), admin: quotaSchema.optional() }).prefault({}),
  users: z.record(z.string().min(1).max(64), quotaSchema).default({}),
});
export type QuotaTable = z.infer<typeof quotaTable>;
export const NO_QUOTAS: QuotaTable = quotaTable.parse({});

/** The same, with every question answered; null: no limit. */
export interface Quota {
  readonly machines: number | null;
  readonly cpus: number | null;
  readonly memoryMb: number | null;
  readonly diskGb: number | null;
  readonly lifetimeSeconds: number | null;
  readonly extend: boolean;
  readonly may: readonly Privilege[];
}

const DEFAULT_PRIVILEGES: Readonly<Record<AccountRole, readonly Privilege[]>> = {
  user: ["internet"],
  admin: PRIVILEGES,
};

export function quotaOf(
  table: QuotaTable,
  who: { readonly name: string; readonly role: AccountRole },
): Quota {
  const own = Object.hasOwn(table.users, who.name) ? table.users[who.name] : undefined;
  const given: ConfiguredQuota = { ...table.roles[who.role], ...own };
  return {
    machines: given.machines ?? null,
    cpus: given.cpus ?? null,
    memoryMb: given.memoryMb ?? null,
    diskGb: given.diskGb ?? null,
    lifetimeSeconds: given.lifetimeSeconds ?? null,
    extend: given.extend ?? true,
    may: given.may ?? DEFAULT_PRIVILEGES[who.role],
  };
}
