import { RequestError } from "../../protocol/index.ts";

/** SQLite's result codes and PostgreSQL's names (SQLSTATE) of the rules that an insert can break. */
const RULES = {
  /** A unique column, a primary key. */
  unique: [2067, 1555, "23505"],
  reference: [787, "23503"],
} as const;

/**
 * Runs an insert; a broken rule becomes an error that the caller may read.
 * @throws RequestError with `code`
 */
export async function rejectOnViolation<T>(
  rule: keyof typeof RULES,
  code: string,
  safeMessage: string,
  insert: () => Promise<T>,
): Promise<T> {
  try {
    return await insert();
  } catch (error) {
    const broken = readCode(error);
    if (!RULES[rule].some((name) => name === broken)) throw error;
    throw RequestError.public(code, safeMessage, { cause: error });
  }
}

/** SQLite's `code` says only that it is SQLite's; the rule is in `errcode`. */
function readCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error) return error.errcode;
  return "code" in error ? error.code : undefined;
}
