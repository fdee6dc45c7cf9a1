import { expect, test } from "vitest";
import { toStateError } from "../../../../proxy/state/state-unavailable.ts";
import { describeForCaller } from "../../../../web/server/http-errors.ts";

const fault = (fields: object, message = "x"): Error => Object.assign(new Error(message), fields);

test.each([
  ["a locked SQLite", fault({ code: "ERR_SQLITE_ERROR", errcode: 5 })],
  ["a snapshot that is too old", fault({ code: "ERR_SQLITE_ERROR", errcode: 5 | (2 << 8) })],
  ["a full disk", fault({ code: "ERR_SQLITE_ERROR", errcode: 13 })],
  ["an I/O error", fault({ code: "ERR_SQLITE_ERROR", errcode: 10 | (3 << 8) })],
  ["no PostgreSQL", fault({ code: "ECONNREFUSED" })],
  ["none at any address", new AggregateError([fault({ code: "ECONNREFUSED" })])],
  ["a PostgreSQL that stops", fault({ code: "57P01" })],
  ["its full disk", fault({ code: "53100" })],
  ["a deadlock", fault({ code: "40P01" })],
  ["a query without an answer", fault({}, "Query read timeout")],
  ["a connection without an answer", fault({}, "timeout exceeded when trying to connect")],
])("%s is told as 503 with a time to come back", (_what, error) => {
  expect(describeForCaller(toStateError(error))).toEqual({
    status: 503,
    body: { error: { code: "STATE_UNAVAILABLE", message: expect.stringContaining("database") as string } },
    retryAfterSeconds: expect.any(Number) as number,
  });
});

test.each([
  ["a broken rule", fault({ code: "ERR_SQLITE_ERROR", errcode: 2067 })],
  ["a broken rule of PostgreSQL", fault({ code: "23505" })],
  ["a statement that is wrong", fault({ code: "42601" })],
  ["a mistake of the program", new TypeError("x is not a function")],
])("%s stays what it is", (_what, error) => {
  expect(toStateError(error)).toBe(error);
  expect(describeForCaller(error).status).toBe(500);
});
