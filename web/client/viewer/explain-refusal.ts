import { catalogues, lookUpText, type Text } from "../text/translations/languages.ts";

const SECONDS = "{seconds}";

/**
 * The server's text for a refused viewer, in the person's language. `said` is the error code of an API
 * response, or a sentence: RFB and WebSocket carry no code, but the server's sentences are known. Any other
 * text stays unchanged.
 */
export function explainRefusal(
  said: string,
  { refusals, errors }: Pick<Text, "refusals" | "errors">,
): string {
  const known = lookUpText(errors, said);
  if (known !== undefined) return known;
  for (const [code, sentence] of Object.entries(catalogues.en.refusals)) {
    const [before = "", after] = sentence.split(SECONDS);
    if (after === undefined ? said === sentence : said.startsWith(before) && said.endsWith(after)) {
      const seconds = said.slice(before.length, said.length - (after?.length ?? 0));
      return lookUpText(refusals, code)?.replace(SECONDS, seconds) ?? said;
    }
  }
  return said;
}
