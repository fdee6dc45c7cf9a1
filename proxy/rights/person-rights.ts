import {
  ACCESS_LEVELS,
  type AccessLevel,
  type GrantTarget,
  type GroupRecord,
  type RightsHolder,
  type RightsTarget,
  type Rule,
  type RulePattern,
} from "../state/rights-records.ts";
import type { AccountRole } from "../state/state-records.ts";
import { RuleSet } from "./rule-set.ts";

/** How far a role alone reaches, over everybody's desktops and machines. */
const ROLE_ACCESS: Readonly<Record<AccountRole, AccessLevel | null>> = {
  user: null,
  operator: "manage",
  admin: "manage",
  auditor: "see",
};

/** Roles that may do with machines and images what they like, unless a grant of `none` says otherwise. */
const FREE_ROLES: readonly AccountRole[] = ["admin", "operator"];

export interface PersonRules {
  readonly holder: RightsHolder;
  readonly own: RuleSet;
  readonly groups: readonly { readonly rules: RuleSet; readonly limits: GroupRecord["limits"] }[];
}

/** What one person may do, by role, own grants and those of the groups. */
export class PersonRights {
  readonly role: AccountRole;
  readonly disabled: boolean;
  readonly groupIds: readonly string[];
  /** What the groups say of how much their members may have. */
  readonly limits: readonly GroupRecord["limits"][];
  /** Those of the person and of all groups in one table, so that a check costs the same however many groups there are. */
  readonly #rules: RuleSet;

  constructor({ holder, own, groups }: PersonRules) {
    this.role = holder.role;
    this.disabled = holder.disabled;
    this.groupIds = holder.groupIds;
    this.limits = groups.map(({ limits }) => limits).filter((limits) => Object.keys(limits).length > 0);
    const [only = RuleSet.EMPTY, ...others] = [own, ...groups.map(({ rules }) => rules)].filter(
      ({ rules }) => rules.length > 0,
    );
    this.#rules = others.length === 0 ? only : new RuleSet([only, ...others].flatMap(({ rules }) => rules));
  }

  /** Whether role and ownership alone decide. */
  get isEmpty(): boolean {
    return this.#rules.rules.length === 0;
  }

  /** Beginnings of the names that the grants with patterns are about; each once. */
  get patterns(): readonly RulePattern[] {
    const all = this.#rules.patterns;
    return [...new Map(all.map((one) => [`${one.target} ${one.prefix}`, one])).values()];
  }

  /**
   * How far the right to a desktop or machine goes; null: there is none. What denies wins, but over an owner and an
   * administrator.
   */
  judge(target: RightsTarget, isOwner = false): AccessLevel | null {
    if (isOwner || this.role === "admin") return "manage";
    let level = ROLE_ACCESS[this.role];
    for (const { may } of this.#rules.about(target)) {
      if (may === "none") return null;
      level = higher(level, may);
    }
    return level;
  }

  /**
   * Whether the person may create machines from an image, or on a host.
   * @param names of the image; of the host its id, its name
   * @param isReserved somebody was granted to do so: then it takes a grant
   */
  mayCreate(
    targets: readonly { readonly target: GrantTarget; readonly name: string }[],
    isReserved: boolean,
  ): boolean {
    if (this.role === "admin") return true;
    let isGranted = !isReserved || FREE_ROLES.includes(this.role);
    for (const { target, name } of targets)
      for (const { may } of this.#rules.find(target, name)) {
        if (may === "none") return false;
        if (may === "create") isGranted = true;
      }
    return isGranted;
  }
}

/** Whether a right of `given` is one of `wanted`. */
export function includesLevel(given: AccessLevel | null, wanted: AccessLevel): boolean {
  return given !== null && ACCESS_LEVELS.indexOf(given) >= ACCESS_LEVELS.indexOf(wanted);
}

function higher(level: AccessLevel | null, may: Rule["may"]): AccessLevel | null {
  if (may === "none" || may === "create") return level;
  return includesLevel(level, may) ? level : may;
}
