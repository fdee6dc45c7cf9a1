import type { Rule } from "./rights-records.ts";

/** A desktop's name has no slash, so the last one ends the agent's. */
export function splitPattern(
  target: Rule["target"],
  pattern: string,
): Pick<Rule, "agent" | "name" | "exact"> {
  const slash = target === "desktop" ? pattern.lastIndexOf("/") : -1;
  return {
    agent: slash < 0 ? null : pattern.slice(0, slash),
    name: pattern.slice(slash + 1),
    exact: /[*?]/.test(pattern) ? 0 : 1,
  };
}
