import { LaunchError } from "../../protocol/index.ts";

/** Longest text that is quoted in a message. */
const QUOTE_LENGTH = 60;

/** A script that cannot be used; the text is shown to users. */
export function scriptError(code: string, text: string, cause?: unknown): LaunchError {
  return LaunchError.public(code, text, { cause, details: { said: text } });
}

/** A quotation for a message: one line, of limited length. */
export function quoteText(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return JSON.stringify(line.length > QUOTE_LENGTH ? `${line.slice(0, QUOTE_LENGTH)}…` : line);
}
