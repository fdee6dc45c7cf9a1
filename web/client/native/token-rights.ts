import type { TokenRights } from "../api/api-client.ts";

/** The permission of each switch. Files are never relayed, so there is no switch for them. */
export const TOKEN_PERMISSIONS = ["clipboard-in", "clipboard-out", "power", "resize", "audio"] as const;
export type TokenPermission = (typeof TOKEN_PERMISSIONS)[number];

/** Permissions that act on the desktop: a view-only token never has them, whatever else is set. */
const CONTROL_PERMISSIONS: ReadonlySet<TokenPermission> = new Set<TokenPermission>([
  "clipboard-in",
  "power",
  "resize",
]);

export const ALL_RIGHTS: TokenRights = { role: "control", denied: [] };
export const WATCH_RIGHTS: TokenRights = { role: "view", denied: [] };

/** Whether the role leaves this permission to choose. */
export function isPermissionAdjustable({ role }: TokenRights, name: TokenPermission): boolean {
  return role === "control" || !CONTROL_PERMISSIONS.has(name);
}

export function hasPermission(rights: TokenRights, name: TokenPermission): boolean {
  return isPermissionAdjustable(rights, name) && !rights.denied.includes(name);
}

export function setPermission(rights: TokenRights, name: TokenPermission, allowed: boolean): TokenRights {
  const others = rights.denied.filter((denied) => denied !== name);
  return { ...rights, denied: allowed ? others : [...others, name] };
}
