import { ApiError } from "../api/api-error.ts";
import { lookUpText, type Text } from "./translations/languages.ts";

/** The pages' own text for an error, in the person's language, if there is one; else the server's text. */
export function explainError(error: unknown, text: Text): string {
  const unknown = text.errors.UNKNOWN;
  if (!(error instanceof ApiError)) return unknown;
  if (error.code === "LOGIN_THROTTLED" && error.retryAfterSeconds !== null)
    return text.signIn.throttled(error.retryAfterSeconds);
  return lookUpText(text.errors, error.code) ?? (error.message === "" ? unknown : error.message);
}

/** As {@link explainError}, where there is a code alone. */
export function explainCode(code: string, text: Text): string {
  return lookUpText(text.errors, code) ?? text.errors.UNKNOWN;
}
