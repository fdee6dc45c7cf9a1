import type { UserHoldings } from "../../api/schemas.ts";
import type { Text } from "../text/translations/languages.ts";

const KINDS = ["logins", "tokens", "machines", "dataDisks"] as const;
type Kind = (typeof KINDS)[number];

/** What goes when an account is shut out or removed: it can be had again. */
export const FLEETING: readonly Kind[] = ["logins", "tokens"];
/** What an account owns: it stays, and an account that has it cannot be removed. */
export const LASTING: readonly Kind[] = ["machines", "dataDisks"];

/** In words with numbers, without what there is none of; empty: none of it. */
export function listHoldings(
  holdings: UserHoldings,
  { people }: Pick<Text, "people">,
  kinds: readonly Kind[] = KINDS,
): string {
  const say: Readonly<Record<Kind, (count: number) => string>> = {
    logins: people.logins,
    tokens: people.tokens,
    machines: people.machines,
    dataDisks: people.disks,
  };
  return kinds
    .filter((kind) => holdings[kind] > 0)
    .map((kind) => say[kind](holdings[kind]))
    .join(", ");
}
