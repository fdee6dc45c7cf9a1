import type { Text } from "../text/translations/languages.ts";
import type { Untyped } from "./type-text.ts";

/** Characters that a message names. */
const MAX_NAMED = 20;

/** What a person is told about text that was not typed. Null: all of it was. */
export function describeUntyped({ missing, cut }: Untyped, { viewer }: Pick<Text, "viewer">): string | null {
  const said: string[] = [];
  if (missing.length > 0) said.push(viewer.untyped(missing.slice(0, MAX_NAMED).join(" ")));
  if (cut > 0) said.push(viewer.untypedRest(cut));
  return said.length === 0 ? null : said.join(" ");
}
