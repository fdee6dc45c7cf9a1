/** The stores of groups, grants and labels. Whatever changes rights here is seen by all servers: see `readChanges`. */
import type {
  GrantRecord,
  GroupRecord,
  NamedGrant,
  RightsChanges,
  RightsHolder,
  RightsTarget,
  Rule,
  Granted,
  GrantTarget,
  RulePattern,
} from "./rights-records.ts";

export interface GroupQuery {
  /** In the name, whatever its case. */
  readonly search?: string;
  readonly after?: string;
  readonly limit: number;
}

export interface GroupMember {
  readonly id: string;
  readonly name: string;
}

export interface GroupStore {
  /** @throws RequestError `GROUP_EXISTS`: names are unique whatever their case, and what a provider calls its groups */
  add(
    group: Pick<GroupRecord, "name"> & Partial<Pick<GroupRecord, "source" | "knownAs" | "limits">>,
  ): Promise<GroupRecord>;
  find(id: string): Promise<GroupRecord | null>;
  /** Whatever its case. */
  findByName(name: string): Promise<GroupRecord | null>;
  /** By name. */
  list(query: GroupQuery): Promise<(GroupRecord & { readonly members: number })[]>;
  /** Counts the version up if it is one of these: of several calls at once with the same one, one gets true. */
  takeVersion(id: string, versions: readonly number[]): Promise<boolean>;
  /** Its members and grants stay, and what a provider calls it. Null: unknown. @throws RequestError `GROUP_EXISTS` */
  rename(id: string, name: string): Promise<GroupRecord | null>;
  /** Null: unknown. */
  setLimits(id: string, limits: GroupRecord["limits"]): Promise<GroupRecord | null>;
  /** Gone, with its grants. */
  remove(id: string): Promise<void>;
  /** False: they were in it already. @throws RequestError `GROUP_MEMBER_UNKNOWN` */
  addMember(id: string, userId: string): Promise<boolean>;
  /** Says whether they were in it. */
  removeMember(id: string, userId: string): Promise<boolean>;
  /** By name. */
  listMembers(id: string, page: { readonly after?: string; readonly limit: number }): Promise<GroupMember[]>;
  countMembers(id: string): Promise<number>;
  /** What groups have limits, and which. */
  listLimits(ids: readonly string[]): Promise<Map<string, GroupRecord["limits"]>>;
  /** Those of a source that are known here, by what the source calls them, whatever their case. */
  listKnown(source: string, names: readonly string[]): Promise<Pick<GroupRecord, "id" | "name">[]>;
  /** The groups of this source that the person is in. */
  listOf(userId: string, source: string): Promise<Pick<GroupRecord, "id" | "name">[]>;
  /** All groups that the person is in, by name. */
  listAllOf(userId: string, limit: number): Promise<Pick<GroupRecord, "id" | "name" | "source">[]>;
  /** The person leaves and enters groups, all at once. */
  changeMemberships(
    userId: string,
    change: { readonly enter: readonly string[]; readonly leave: readonly string[] },
  ): Promise<void>;
}

export interface GrantQuery {
  /** A person or a group. */
  readonly holderId?: string;
  readonly target?: GrantTarget;
  /** In the pattern, whatever its case. */
  readonly search?: string;
  readonly after?: { readonly createdAt: number; readonly id: string };
  readonly limit: number;
}

export interface NewGrant {
  readonly holder: { readonly userId: string } | { readonly groupId: string };
  readonly may: Granted;
  readonly target: GrantTarget;
  readonly pattern: string;
  readonly createdBy: string;
}

export interface GrantStore {
  /** @throws RequestError `GRANT_EXISTS`, `GRANT_HOLDER_UNKNOWN` */
  add(grant: NewGrant): Promise<GrantRecord>;
  find(id: string): Promise<NamedGrant | null>;
  /** The oldest first. */
  list(query: GrantQuery): Promise<NamedGrant[]>;
  remove(id: string): Promise<void>;
  /** Those of a person, and of the groups that the person is in. */
  listReaching(userId: string, limit: number): Promise<NamedGrant[]>;
  /** Those that may be about this desktop or machine: patterns are all among them. */
  listAbout(target: RightsTarget, limit: number): Promise<NamedGrant[]>;
  /** The role and the groups of a person; null: unknown. */
  findHolder(userId: string): Promise<RightsHolder | null>;
  /** The rules of each of these people and groups. */
  listRules(holderIds: readonly string[]): Promise<Map<string, Rule[]>>;
  /** Names of images and of hosts that somebody was granted to create machines from, or on. */
  listCreateTargets(): Promise<Pick<Rule, "target" | "name" | "exact">[]>;
  /**
   * What the rules of a person and their groups may reach: a few too many, since it looks at names alone. Null: there are so many
   * patterns that all is to be looked at.
   */
  listReachable(
    userId: string,
    patterns: readonly RulePattern[],
  ): Promise<{ readonly machineIds: readonly string[]; readonly desktopIds: readonly string[] } | null>;
  /** What was changed after this revision; null: nothing. */
  readChanges(since: number): Promise<RightsChanges | null>;
  deleteChanges(before: number): Promise<number>;
}

export interface LabelStore {
  /** In place of those of before. @throws RequestError `DESKTOP_UNKNOWN`, `AGENT_UNKNOWN` */
  set(
    target: { readonly desktopId: string } | { readonly agentId: string },
    labels: readonly string[],
  ): Promise<void>;
  /** Labels by the ids of desktops and hosts; without those that have none. */
  find(ids: readonly string[]): Promise<Map<string, string[]>>;
  list(): Promise<Map<string, string[]>>;
  /** All, if they are no more than this; else null. */
  listFew(most: number): Promise<Map<string, string[]> | null>;
}
