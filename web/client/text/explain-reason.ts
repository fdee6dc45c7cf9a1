import type { Machine } from "../../api/schemas.ts";
import { lookUpText, type Text } from "./translations/languages.ts";

const PLACEHOLDER = /\{(\w+)\}/g;

/**
 * Why a machine failed or waits, in the person's language. An older host sends no code, and a newer one may
 * send unknown codes or omit placeholder values: then the sentence is shown as received.
 */
export function explainReason(
  { reason, cause }: Pick<Machine, "reason" | "cause">,
  { reasons }: Pick<Text, "reasons">,
): string | null {
  const known = cause === null ? undefined : lookUpText(reasons, cause.code);
  if (cause === null || known === undefined) return reason;
  const isWhole = [...known.matchAll(PLACEHOLDER)].every(([, name = ""]) =>
    Object.hasOwn(cause.details, name),
  );
  return isWhole ? known.replace(PLACEHOLDER, (_blank, name: string) => cause.details[name] ?? "") : reason;
}
