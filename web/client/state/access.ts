import type { Machine } from "../../api/schemas.ts";

/** How far the right to a machine or a desktop goes. */
type Access = Machine["access"];

/** Each contains those before it. */
export const LEVEL_ORDER: readonly Access[] = ["see", "view", "control", "manage"];

/** Whether what is `wanted` may be done; the server has the last word. */
export function allows(access: Access, wanted: Access): boolean {
  return LEVEL_ORDER.indexOf(access) >= LEVEL_ORDER.indexOf(wanted);
}
