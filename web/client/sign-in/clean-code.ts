import type { SignInField } from "../../api/schemas.ts";

/** A code as people copy it, without the blanks and hyphens between its digits. Anything else stays as it is. */
export function cleanCode(typed: string): string {
  const joined = typed.replaceAll(/[\s-]/g, "");
  return /^\d+$/.test(joined) ? joined : typed.trim();
}

export function isCodeField({ kind, autocomplete }: Pick<SignInField, "kind" | "autocomplete">): boolean {
  return kind === "text" && autocomplete === "one-time-code";
}
