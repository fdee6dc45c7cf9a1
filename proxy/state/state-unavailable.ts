import { RequestError } from "../../protocol/index.ts";

/** SQLite's result codes, without the bits that say more: busy, locked, no memory, read-only, I/O, full, cannot open. */
const SQLITE_UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14]);
/** PostgreSQL's classes and codes: connection, resources, operator, system; serialization, deadlock, lock, cancelled. */
const SQLSTATE_UNAVAILABLE = /^(?:08...|53...|57P..|58...|40001|40P01|55P03|57014)$/;
/** Those of them that concern one statement, not the server. */
const SQLSTATE_OF_STATEMENT = /^(?:40...|53[12]..|55P03|57014)$/;
const SYSTEM_UNAVAILABLE: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"],
  ...["ENOTFOUND", "EAI_AGAIN", "ENOENT", "EMFILE", "ENFILE", "ENOSPC"],
]);
/** Errors of node-postgres that have no code. */
const POOL_UNAVAILABLE =
  /^(?:timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|Client was closed)/;

/**
 * A store's error as its callers get it: a database that is away, locked or full is `STATE_UNAVAILABLE`, which passes;
 * everything else stays what it is. Only the drivers of both databases use it.
 */
export function toStateError(error: unknown): unknown {
  return isUnavailable(error) ? stateUnavailable(error) : error;
}

export function stateUnavailable(cause: unknown): RequestError {
  const text = "The server cannot reach its database. Try again in a moment.";
  return RequestError.public("STATE_UNAVAILABLE", text, { cause });
}

/** Whether the database is away, locked or full: what passes by itself. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error && typeof error.errcode === "number")
    return SQLITE_UNAVAILABLE.has(error.errcode & 0xff);
  // A name with several addresses: each attempt has its own error.
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const code = readCode(error);
  return (
    SYSTEM_UNAVAILABLE.has(code) || SQLSTATE_UNAVAILABLE.test(code) || POOL_UNAVAILABLE.test(error.message)
  );
}

/** Whether PostgreSQL's connection failed, and not just a statement on it. */
export function isConnectionFault(error: unknown): boolean {
  return isUnavailable(error) && error instanceof Error && !SQLSTATE_OF_STATEMENT.test(readCode(error));
}

/** Whether PostgreSQL did not answer in time. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && /^Query read timeout/.test(error.message);
}

function readCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
