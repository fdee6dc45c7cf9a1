import type { ProviderRow } from "../../api/schemas.ts";
import type { Text } from "../text/translations/languages.ts";

type Rules = Pick<ProviderRow, "create" | "allowGroups" | "denyGroups" | "denyPeople">;

/** Whom a provider lets in, in one line. */
export function describeAdmission(rules: Rules, { settings: text }: Pick<Text, "settings">): string {
  const { create, allowGroups, denyGroups, denyPeople } = rules;
  return [
    allowGroups === null ? text.all : text.onlyGroups(allowGroups.join(", ")),
    ...(denyGroups.length === 0 ? [] : [text.notGroups(denyGroups.join(", "))]),
    ...(denyPeople.length === 0 ? [] : [text.notPeople(denyPeople.join(", "))]),
    ...(create ? [] : [text.noCreate]),
  ].join("; ");
}
