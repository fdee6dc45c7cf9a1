import { PERMISSIONS, type Permission } from "../../protocol/index.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import { isRefusalCode, type RefusalCode } from "../model/viewer-refusal.ts";
import type { SessionValidity } from "../state/state-records.ts";

/**
 * Why an open session has to end, by what the state says; null: it may continue. A token that is gone without having been
 * revoked has expired by some server's clock; that ends a session only by the time that was left when it opened.
 */
export function checkSessionValidity(
  identity: ViewerIdentity,
  validity: SessionValidity,
): RefusalCode | null {
  const { orderedEnd, agentRevoked, desktopExists, token, account, loginEnded } = validity;
  if (orderedEnd !== null) return isRefusalCode(orderedEnd) ? orderedEnd : "SESSION_ENDED";
  if (agentRevoked) return "AGENT_REVOKED";
  if (!desktopExists) return "DESKTOP_GONE";
  if (identity.method === "token" && token !== null) {
    if (token.revoked) return "TOKEN_REVOKED";
    if (token.role !== identity.role || !isSame(token.denied, identity.denied)) return "TOKEN_CHANGED";
  }
  if (identity.byAccount && (account === null || account.disabled)) return "USER_REMOVED";
  if (loginEnded) return "LOGIN_ENDED";
  return null;
}

function isSame(one: readonly Permission[], other: readonly Permission[]): boolean {
  return PERMISSIONS.every((permission) => one.includes(permission) === other.includes(permission));
}
