import type { ApiTokenInput } from "../api/factor-calls.ts";

const MAX_NAME = 64;
const MAX_SOURCES = 16;
/** As far as a page has to know: the server has the last word. */
const SOURCE = /^(?:[\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)(?:\/\d{1,3})?$/i;
export const TOKEN_DAYS = [1, 7, 30, 90, 365] as const;

type Scopes = ApiTokenInput["scopes"];

/** What the person typed and chose. */
export interface TokenInput {
  readonly name: string;
  readonly scopes: Scopes;
  readonly days: number;
  /** Addresses and networks, apart by blanks, lines or commas. */
  readonly sources: string;
}

/** Which text says what is wrong; null: nothing. */
interface TokenFaults {
  readonly name: "nameMissing" | null;
  readonly scopes: "mayMissing" | null;
  readonly sources: "sourcesWrong" | null;
}

export function checkToken({ name, scopes, sources }: TokenInput): TokenFaults {
  const length = name.trim().length;
  const listed = splitSources(sources);
  const isList = listed.length <= MAX_SOURCES && listed.every((source) => SOURCE.test(source));
  return {
    name: length === 0 || length > MAX_NAME ? "nameMissing" : null,
    scopes: scopes.length === 0 ? "mayMissing" : null,
    sources: isList ? null : "sourcesWrong",
  };
}

export function describeToken({ name, scopes, days, sources }: TokenInput): ApiTokenInput {
  return { name: name.trim(), scopes, ttlSeconds: days * 86_400, sources: splitSources(sources) };
}

function splitSources(typed: string): string[] {
  return typed.split(/[\s,;]+/).filter((source) => source !== "");
}
