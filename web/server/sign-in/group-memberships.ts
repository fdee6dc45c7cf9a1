import {
  OWN_GROUPS,
  type AuditEntry,
  type GroupRecord,
  type Stores,
  type UserRecord,
} from "../../../proxy/index.ts";

interface GroupMembershipsContext {
  readonly groups: Pick<Stores["groups"], "listKnown" | "listOf" | "changeMemberships">;
  readonly auditDurably: (entry: AuditEntry) => Promise<void>;
}

/**
 * Who is in the groups of sign-in providers. Only groups that an administrator has named here are kept: of the others nothing
 * depends on who is in them, and 50,000 people with 100 groups each would fill the tables.
 */
export class GroupMemberships {
  readonly #context: GroupMembershipsContext;

  constructor(context: GroupMembershipsContext) {
    this.#context = context;
  }

  /** Names of the groups that administrators put this person in. */
  async listOwn(userId: string): Promise<string[]> {
    return (await this.#context.groups.listOf(userId, OWN_GROUPS)).map(({ name }) => name);
  }

  /**
   * The person is in these groups of the source, and in no other of it.
   * @param names as the source calls them
   * @throws RequestError `AUDIT_UNAVAILABLE`, and then nothing was changed
   */
  async replace(user: UserRecord, source: string, names: readonly string[]): Promise<void> {
    const { groups, auditDurably } = this.#context;
    const [wanted, current] = await Promise.all([
      groups.listKnown(source, names),
      groups.listOf(user.id, source),
    ]);
    const enter = wanted.filter(({ id }) => !current.some((group) => group.id === id));
    const leave = current.filter(({ id }) => !wanted.some((group) => group.id === id));
    if (enter.length + leave.length === 0) return;
    // Leaving may give something too, where the group was denied it.
    await Promise.all([
      ...enter.map((group) => auditDurably(lineOf("group.join", user, source, group))),
      ...leave.map((group) => auditDurably(lineOf("group.leave", user, source, group))),
    ]);
    await groups.changeMemberships(user.id, {
      enter: enter.map(({ id }) => id),
      leave: leave.map(({ id }) => id),
    });
  }
}

function lineOf(
  action: "group.join" | "group.leave",
  { id, name }: UserRecord,
  method: string,
  group: Pick<GroupRecord, "id" | "name">,
): AuditEntry {
  const person = { actor: id, actorName: name, targetId: id, targetName: name };
  return { action, outcome: "success", ...person, method, groupId: group.id, groupName: group.name };
}
