import { catalogues, lookUpText, type Text } from "../text/translations/languages.ts";

const SECONDS = "{seconds}";

type RefusalCode = keyof typeof catalogues.en.refusals;

/** Which of the server's sentences this is, and the seconds that it names; null: none that is known. */
export function findRefusal(said: string): { readonly code: RefusalCode; readonly seconds: string } | null {
  for (const [code, sentence] of Object.entries(catalogues.en.refusals)) {
    const [before = "", after] = sentence.split(SECONDS);
    if (after === undefined ? said === sentence : said.startsWith(before) && said.endsWith(after)) {
      const seconds = said.slice(before.length, said.length - (after?.length ?? 0));
      return { code: code as RefusalCode, seconds };
    }
  }
  return null;
}

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
  const refusal = findRefusal(said);
  return refusal === null ? said : refusals[refusal.code].replace(SECONDS, refusal.seconds);
}
