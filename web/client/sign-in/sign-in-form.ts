import type { SignInField, SignInForm } from "../../api/schemas.ts";
import { cleanCode, isCodeField } from "./clean-code.ts";

/**
 * Whether the name is asked for by itself first. That helps where it is not yet clear what this person needs besides it; where there
 * is a password and nothing else, two fields at once are quicker, and password managers fill both.
 */
export function asksNameFirst({ fields, buttons }: SignInForm): boolean {
  const [first, ...others] = fields;
  if (first?.autocomplete.split(" ").includes("username") !== true || others.length === 0) return false;
  return others.length > 1 || buttons.length > 1;
}

/** What was typed, by field; `missing`: the first field that was left empty. */
export function collectAnswers(
  fields: readonly SignInField[],
  read: (name: string) => string,
): { readonly answers: Readonly<Record<string, string>>; readonly missing: SignInField | null } {
  const answers = Object.fromEntries(fields.map((field) => [field.name, clean(field, read(field.name))]));
  return { answers, missing: fields.find(({ name }) => answers[name] === "") ?? null };
}

function clean(field: SignInField, typed: string): string {
  if (isCodeField(field)) return cleanCode(typed);
  return field.kind === "text" ? typed.trim() : typed;
}
