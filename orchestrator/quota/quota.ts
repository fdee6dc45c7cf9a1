import { z } from "zod";
import { isOff } from "../../protocol/index.ts";
import type { AccountRole, MachineOptions, MachineRecord } from "../../proxy/index.ts";

/** Options of machines that need a permission. */
export const PRIVILEGES = ["script", "internet", "gpu", "master"] as const;
export type Privilege = (typeof PRIVILEGES)[number];

const count = z.number().int().min(0);

/** How much one person may have; absent: the default where there is one, else no limit but the hosts' own. */
const quotaSchema = z.strictObject({
  /** Machines that exist, running or not; null: no limit. */
  machines: count.nullable().optional(),
  /** Tokens that work; null: no limit. */
  tokens: count.nullable().optional(),
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

/** What a group's members may have; null: no limit. What it does not name is as for everybody. */
export const groupLimits = quotaSchema.extend({
  cpus: count.nullable().optional(),
  memoryMb: count.nullable().optional(),
  diskGb: count.nullable().optional(),
  lifetimeSeconds: quotaSchema.shape.lifetimeSeconds.unwrap().nullable().optional(),
});
export type GroupLimits = z.infer<typeof groupLimits>;

/** Quotas by role and by user name; the user's own come first. */
export const quotaTable = z.strictObject({
  roles: z
    .strictObject({
      user: quotaSchema.optional(),
      operator: quotaSchema.optional(),
      admin: quotaSchema.optional(),
      auditor: quotaSchema.optional(),
    })
    .prefault({}),
  users: z.record(z.string().min(1).max(64), quotaSchema).default({}),
});
export type QuotaTable = z.infer<typeof quotaTable>;
export const NO_QUOTAS: QuotaTable = quotaTable.parse({});

/** Machines of one person who is no administrator: a mistake, or a script, must not fill the hosts. */
const USER_MACHINES = 20;
/** Tokens of one person that work: each viewer's answer is compared with all of them. */
const USER_TOKENS = 100;
const DEFAULT_AMOUNTS = {
  user: { machines: USER_MACHINES, tokens: USER_TOKENS },
  operator: { machines: null, tokens: null },
  admin: { machines: null, tokens: null },
  auditor: { machines: 0, tokens: 0 },
} as const satisfies Record<AccountRole, object>;

/** The quota of one person, complete; null: no limit. */
export interface Quota {
  readonly machines: number | null;
  readonly tokens: number | null;
  readonly cpus: number | null;
  readonly memoryMb: number | null;
  readonly diskGb: number | null;
  readonly lifetimeSeconds: number | null;
  readonly extend: boolean;
  readonly may: readonly Privilege[];
}

const DEFAULT_PRIVILEGES: Readonly<Record<AccountRole, readonly Privilege[]>> = {
  user: ["internet"],
  operator: PRIVILEGES,
  admin: PRIVILEGES,
  auditor: [],
};

/**
 * A person's own entry first; then the most generous of the groups; then what the role has. Groups say nothing of operators and
 * administrators, who are not to be limited by accident.
 */
export function quotaOf(
  table: QuotaTable,
  who: { readonly name: string; readonly role: AccountRole },
  groups: readonly GroupLimits[] = [],
): Quota {
  const own = Object.hasOwn(table.users, who.name) ? table.users[who.name] : undefined;
  const ofGroups = who.role === "user" ? mergeGenerously(groups) : {};
  const given: GroupLimits = {
    ...DEFAULT_AMOUNTS[who.role],
    ...table.roles[who.role],
    ...ofGroups,
    ...own,
  };
  return {
    machines: given.machines ?? null,
    tokens: given.tokens ?? null,
    cpus: given.cpus ?? null,
    memoryMb: given.memoryMb ?? null,
    diskGb: given.diskGb ?? null,
    lifetimeSeconds: given.lifetimeSeconds ?? null,
    extend: given.extend ?? true,
    may: given.may ?? DEFAULT_PRIVILEGES[who.role],
  };
}

const AMOUNTS = ["machines", "tokens", "cpus", "memoryMb", "diskGb", "lifetimeSeconds"] as const;

/** Of each number the largest that a group names, where null is the largest of all. */
function mergeGenerously(groups: readonly GroupLimits[]): GroupLimits {
  const amounts = AMOUNTS.flatMap((amount): [string, number | null][] => {
    const named = groups.flatMap(({ [amount]: value }) => (value === undefined ? [] : [value]));
    if (named.length === 0) return [];
    return [[amount, named.includes(null) ? null : Math.max(...named.map((value) => value ?? 0))]];
  });
  const extend = groups.flatMap((group) => group.extend ?? []);
  const may = groups.flatMap((group) => (group.may === undefined ? [] : [group.may]));
  return {
    ...Object.fromEntries(amounts),
    ...(extend.length > 0 && { extend: extend.includes(true) }),
    ...(may.length > 0 && { may: PRIVILEGES.filter((one) => may.some((list) => list.includes(one))) }),
  };
}

/** What one person has. */
export interface Usage {
  readonly machines: number;
  /** Of machines that are not off. */
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** Data disks that a machine uses now: the machine's name by the disk's. */
  readonly dataDisks: ReadonlyMap<string, string>;
}

/**
 * @param records all machines of the person
 * @param except a machine that is not counted: the one that asks
 */
export function countUsage(records: readonly MachineRecord[], except?: string): Usage {
  const own = records.filter(({ id }) => id !== except);
  const on = own.filter((record) => !isOff(record.state));
  return {
    machines: own.length,
    cpus: sum(on, ({ cpus }) => cpus),
    memoryMb: sum(on, ({ memoryMb }) => memoryMb),
    diskGb: sum(own, ({ wish }) => countDiskGb(wish)),
    dataDisks: new Map(
      on.flatMap(({ name, wish }) => (wish.dataDisk === undefined ? [] : [[wish.dataDisk.name, name]])),
    ),
  };
}

/** What a machine's own disk counts, in GiB. One that works on the image itself has none. */
export function countDiskGb({ master, diskGb = 0 }: Pick<MachineOptions, "master" | "diskGb">): number {
  return master ? 0 : diskGb;
}

function sum(records: readonly MachineRecord[], amountOf: (record: MachineRecord) => number): number {
  return records.reduce((total, record) => total + amountOf(record), 0);
}
