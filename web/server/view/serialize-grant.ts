import type { NamedGrant } from "../../../proxy/index.ts";
import type { GrantRow } from "../../api/schemas.ts";

export function serializeGrant(grant: NamedGrant): GrantRow {
  const { id, userId, groupId, holderName, may, target, pattern, createdAt } = grant;
  const to = {
    kind: userId === null ? "group" : "user",
    id: userId ?? groupId ?? "",
    name: holderName,
  } as const;
  return { id, to, may, on: { kind: target, pattern }, createdAt };
}
