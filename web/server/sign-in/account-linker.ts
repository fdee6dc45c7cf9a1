import type { AccountRole, AuditEntry, Stores, UserRecord } from "../../../proxy/index.ts";
import { foldGroupName, foldName, isPosternError } from "../../../protocol/index.ts";
import { userName } from "../../api/schemas.ts";
import type { Admission, ExternalPerson } from "./providers/index.ts";
import type { GroupMemberships } from "./group-memberships.ts";
import { NO_PASSWORD } from "./passwords.ts";

interface AccountLinkerContext {
  readonly users: Stores["users"];
  readonly memberships: Pick<GroupMemberships, "replace" | "listOwn">;
  readonly auditDurably: (entry: AuditEntry) => Promise<void>;
  readonly audit: (entry: AuditEntry) => void;
}

/** `reason`: a code for the audit log. */
export type LinkResult =
  | { readonly kind: "account"; readonly user: UserRecord }
  | { readonly kind: "refused"; readonly reason: string; readonly user: UserRecord | null };

/** Of one person, by one service. Of more none may be left out, since what denies may be among them. */
const MAX_GROUPS = 5_000;

/** Groups that others than the person's own provider name, by the provider's id. */
type AgreedGroups = Readonly<Record<string, readonly string[]>>;

interface LinkedPerson extends ExternalPerson {
  /** They count as if the person's own provider had named them. Absent: none. */
  readonly agreed?: AgreedGroups;
}

const ROLE_ORDER = ["admin", "operator", "auditor"] as const;

/**
 * The account of a person whom another service vouches for, made at the first sign-in. It is found by the service's own key, never by
 * a name: names are given again.
 */
export class AccountLinker {
  readonly #context: AccountLinkerContext;

  constructor(context: AccountLinkerContext) {
    this.#context = context;
  }

  /**
   * The person's groups are those that the service names, as far as they are known here.
   * @throws RequestError `AUDIT_UNAVAILABLE`, and then there is no new account, no new role and no new group
   */
  async link(providerId: string, admission: Admission, person: LinkedPerson): Promise<LinkResult> {
    const { users } = this.#context;
    const { name, agreed = {} } = person;
    const known = await users.findBySubject(providerId, person.subject);
    const groups = [...person.groups, ...Object.values(agreed).flat()];
    const refused = judgeAdmission(admission, { name, groups });
    if (refused !== null) return { kind: "refused", reason: refused, user: known };
    const role = roleOf(admission, groups);
    if (known !== null && known.disabledAt !== null)
      return { kind: "refused", reason: "USER_DISABLED", user: known };
    const result =
      known === null
        ? await this.#create(providerId, admission, person, role)
        : ({ kind: "account", user: await this.#update(known, person, role) } as const);
    if (result.kind === "account")
      await this.keepGroups(result.user, { ...agreed, [providerId]: person.groups });
    return result;
  }

  /** The person is in these groups of these providers, and in no other of them. @throws RequestError `AUDIT_UNAVAILABLE` */
  async keepGroups(user: UserRecord, named: AgreedGroups): Promise<void> {
    for (const [source, groups] of Object.entries(named))
      await this.#context.memberships.replace(user, source, groups);
  }

  /**
   * Why an account of this server may not enter by a provider; null: it may. Its groups are those that administrators fill, and
   * those that others have named.
   */
  async judgeOwn(
    { id, name }: UserRecord,
    admission: Admission,
    agreed: AgreedGroups = {},
  ): Promise<string | null> {
    const { denyGroups, allowGroups } = admission;
    const asked = denyGroups.length > 0 || allowGroups !== undefined;
    const own = asked ? await this.#context.memberships.listOwn(id) : [];
    return judgeAdmission(admission, { name, groups: [...own, ...Object.values(agreed).flat()] });
  }

  async #create(
    provider: string,
    { create }: Admission,
    { name, subject, email }: ExternalPerson,
    role: AccountRole | null,
  ): Promise<LinkResult> {
    const { users, auditDurably } = this.#context;
    if (!create) return { kind: "refused", reason: "USER_UNKNOWN", user: null };
    if (!userName.safeParse(name).success) return { kind: "refused", reason: "USER_NAME", user: null };
    try {
      const account = { name, role: role ?? "user", passwordHash: NO_PASSWORD, provider, subject, email };
      const user = await users.add(account);
      try {
        await auditDurably({ ...lineOf("user.create", user), role: user.role, method: provider });
      } catch (error) {
        await users.remove(user.id);
        throw error;
      }
      return { kind: "account", user };
    } catch (error) {
      if (!isPosternError(error) || error.code !== "USER_EXISTS") throw error;
      // Of two first sign-ins at once the other one was faster; or another person has this name.
      const user = await users.findBySubject(provider, subject);
      if (user === null) return { kind: "refused", reason: "USER_EXISTS", user: null };
      return { kind: "account", user };
    }
  }

  async #update(user: UserRecord, { email }: ExternalPerson, role: AccountRole | null): Promise<UserRecord> {
    const { users, auditDurably } = this.#context;
    let current = user;
    if (role !== null && role !== user.role) {
      await auditDurably({ ...lineOf("user.role", user), role });
      current = await this.#setRole(current, role);
    }
    if (email !== null && email !== user.email) current = (await users.update(user.id, { email })) ?? current;
    return current;
  }

  /** The last administrator stays one: a directory that lists nobody any more must not leave a server without one. */
  async #setRole(user: UserRecord, role: AccountRole): Promise<UserRecord> {
    const { users, audit } = this.#context;
    try {
      return (await users.setRole(user.id, role)) ?? user;
    } catch (error) {
      if (!isPosternError(error) || error.code !== "LAST_ADMIN") throw error;
      audit({ ...lineOf("user.role", user), role, outcome: "failure", reason: error.code });
      return user;
    }
  }
}

function lineOf(action: AuditEntry["action"], { id, name }: UserRecord): AuditEntry {
  return {
    action,
    outcome: "success",
    actor: id,
    actorName: name,
    targetId: id,
    targetName: name,
  };
}

/** Why not; null: the person may enter. What denies wins. */
function judgeAdmission(
  admission: Admission,
  { name, groups }: Pick<ExternalPerson, "name" | "groups">,
): string | null {
  const { allowGroups, denyGroups, denyPeople } = admission;
  if (groups.length > MAX_GROUPS) return "USER_DENIED";
  if (denyPeople.map(foldName).includes(foldName(name)) || includesGroup(denyGroups, groups))
    return "USER_DENIED";
  if (allowGroups !== undefined && !includesGroup(allowGroups, groups)) return "USER_NOT_ALLOWED";
  return null;
}

/** Null: groups say nothing about roles here. */
function roleOf({ roles }: Admission, groups: readonly string[]): AccountRole | null {
  if (roles === undefined) return null;
  return ROLE_ORDER.find((role) => includesGroup(roles[role] ?? [], groups)) ?? "user";
}

/** Directories tell neither upper and lower case apart nor blanks in a name: neither may a list that shuts people out. */
function includesGroup(list: readonly string[], wanted: readonly string[]): boolean {
  const folded = new Set(list.map(foldGroupName));
  return wanted.some((one) => folded.has(foldGroupName(one)));
}
