/** Who may do what: groups, grants and labels. Times are epoch milliseconds, ids are text. */
import type { AccountRole } from "./state-records.ts";

/**
 * How far a person's right to a machine or a desktop goes; each includes those before it. `see`: name and state; `view`: the
 * picture; `control`: keyboard, mouse and power; `manage`: snapshots, boot log, removal.
 */
export const ACCESS_LEVELS = ["see", "view", "control", "manage"] as const;
export type AccessLevel = (typeof ACCESS_LEVELS)[number];

/** What a grant gives. `create`: machines from an image, or on a host. `none` takes away whatever other grants give. */
export const GRANTED = ["none", ...ACCESS_LEVELS, "create"] as const;
export type Granted = (typeof GRANTED)[number];

/** What a grant is about; each by a name that may have `*` and `?`. A desktop is `NAME` or `AGENT/NAME`. */
export const GRANT_TARGETS = ["desktop", "host", "image", "label"] as const;
export type GrantTarget = (typeof GRANT_TARGETS)[number];

/** Groups that an administrator fills. The other sources are sign-in providers, by their ids. */
export const OWN_GROUPS = "own";

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  /** {@link OWN_GROUPS}, or the provider that says who is in it. */
  readonly source: string;
  /** What the provider calls it. */
  readonly knownAs: string;
  /** What its members may have of machines; empty: it says nothing. JSON, for those who know what it means. */
  readonly limits: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  /** Another one after each change of the limits. */
  readonly version: number;
}

export interface GrantRecord {
  readonly id: string;
  /** Who has it: one of these two. */
  readonly userId: string | null;
  readonly groupId: string | null;
  readonly may: Granted;
  readonly target: GrantTarget;
  readonly pattern: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** A grant as it is evaluated. */
export interface Rule {
  readonly may: Granted;
  readonly target: GrantTarget;
  /** Before the slash of a desktop's pattern; null: any agent. */
  readonly agent: string | null;
  readonly name: string;
  /** 1: neither has `*` or `?`. */
  readonly exact: number;
}

/** What the name of a rule with a pattern begins with. */
export interface RulePattern {
  readonly target: GrantTarget;
  readonly prefix: string;
}

/** A grant with its holder's name, for lists. */
export interface NamedGrant extends GrantRecord {
  readonly holderName: string;
}

/** What decides about one person, but the rules. */
export interface RightsHolder {
  readonly role: AccountRole;
  readonly disabled: boolean;
  readonly groupIds: readonly string[];
}

/** Whose rights were changed. `everybody`: too many to name them, or labels. */
export interface RightsChanges {
  readonly revision: number;
  readonly everybody: boolean;
  readonly userIds: ReadonlySet<string>;
  readonly groupIds: ReadonlySet<string>;
}

/** What people may have a right to: a desktop, or a machine by its own name. */
export interface RightsTarget {
  readonly name: string;
  /** Null: a machine without a host. */
  readonly agentId: string | null;
  readonly agentName: string | null;
  /** Its own, and its host's. */
  readonly labels: readonly string[];
}
