import {
  OWN_GROUPS,
  type AuditEntry,
  type GroupRecord,
  type Proxy,
  type Stores,
} from "../../../proxy/index.ts";
import { auditAhead } from "../guard/audit-grant.ts";
import { refuse } from "../http-errors.ts";

/**
 * The groups that a new account enters: those that administrators fill.
 * @param options `skip`: leave out those that are gone
 * @throws RequestError `GROUP_UNKNOWN`, `GROUP_ELSEWHERE`
 */
export async function findOwnGroups(
  groups: Stores["groups"],
  ids: readonly string[],
  { skip = false } = {},
): Promise<GroupRecord[]> {
  const found: GroupRecord[] = [];
  for (const id of new Set(ids)) {
    const group = await groups.find(id);
    if (group?.source === OWN_GROUPS) found.push(group);
    else if (!skip) throw refuse(group === null ? "GROUP_UNKNOWN" : "GROUP_ELSEWHERE");
  }
  return found;
}

/** Makes an account once its line is written, and one for each group that it enters: see {@link auditAhead}. */
export function auditNewcomer<T>(
  proxy: Pick<Proxy, "audit" | "auditDurably">,
  line: AuditEntry,
  groups: readonly GroupRecord[],
  make: () => Promise<T>,
): Promise<T> {
  const joins = groups.map(
    ({ id: groupId, name: groupName }) => ({ ...line, action: "group.join", groupId, groupName }) as const,
  );
  const all = [line, ...joins].reduceRight((next, entry) => () => auditAhead(proxy, entry, next), make);
  return all();
}
