import type { TokenRights } from "../api/api.ts";

/** What a switch stands for; files are never passed on, so there is none for them. */
export const SWITCHES = ["clipboard-in", "clipboard-out", "power", "resize", "audio"] as const;
export type Switch = (typeof SWITCHES)[number];

/** What acts on the desktop: nobody who only watches has it, whatever else is said. */
const ACTING: ReadonlySet<Switch> = new Set<Switch>(["clipboard-in", "power", "resize"]);

export const EVERYTHING: TokenRights = { role: "control", denied: [] };

/** Whether the role leaves a choice. */
export function isOpenToChoice({ role }: TokenRights, name: Switch): boolean {
  return role === "control" || !ACTING.has(name);
}

export function isAllowed(allowance: TokenRights, name: Switch): boolean {
  return isOpenToChoice(allowance, name) && !allowance.denied.includes(name);
}

export function allow(allowance: TokenRights, name: Switch, allowed: boolean): TokenRights {
  const others = allowance.denied.filter((denied) => denied !== name);
  return { ...allowance, denied: allowed ? others : [...others, name] };
}
