import { catalogues, lookUpText, type Text } from "../text/translations/languages.ts";

const SECONDS = "{seconds}";

/**
 * What the server said to a refused viewer, in the person's language: the code of an answer of the API, or a sentence. That comes without its code, as RFB and WebSocket have it, but
 * the server's sentences are known; any other stays as it is.
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
