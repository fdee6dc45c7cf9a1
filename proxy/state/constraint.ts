import { RequestError } from "../../protocol/index.ts";

/** SQLite's and PostgreSQL's names (SQLSTATE) of the rules that an insert can break. */
const RULES = {
  unique: ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"],
  reference: ["SQLITE_CONSTRAINT_FOREIGNKEY", "23503"],
} as const;

/**
 * Runs an insert; a broken rule becomes a refusal that the caller can be told about.
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
    const broken = error instanceof Error && "code" in error ? error.code : undefined;
    if (!RULES[rule].some((name) => name === broken)) throw error;
    throw RequestError.public(code, safeMessage, { cause: error });
  }
}
