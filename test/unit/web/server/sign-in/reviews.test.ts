import { pino } from "pino";
import { expect, test } from "vitest";
import type { UserRecord } from "../../../../../proxy/index.ts";
import { Reviews, type KnownPerson } from "../../../../../web/server/sign-in/reviews.ts";
import type {
  Admission,
  OpenProvider,
  ReviewedPerson,
  ReviewResult,
} from "../../../../../web/server/sign-in/providers/index.ts";

const ADMISSION: Admission = { create: true, viewers: true, denyGroups: [], denyPeople: [] };
const CONTEXT = { source: undefined };
const ANNA: UserRecord = {
  ...{ id: "u-anna", name: "anna", role: "user", passwordHash: "", provider: "local", subject: null },
  ...{ email: "anna@example.org", createdAt: 0, disabledAt: null, lastLoginAt: null, version: 1 },
};

function openProvider(id: string, provider: Partial<OpenProvider["provider"]> = {}): OpenProvider {
  return {
    id,
    kind: "test",
    admission: ADMISSION,
    provider: { form: { fields: [], buttons: [] }, ...provider },
  };
}

/** Answers the same each time, and keeps whom it was asked about. */
function reviewing(id: string, result: ReviewResult | Error, of: readonly string[] | null = null) {
  const asked: [ReviewedPerson, string | null][] = [];
  const open = openProvider(id, {
    review: {
      of,
      begin: (person, password) => {
        asked.push([person, password]);
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
      proceed: () => Promise.resolve({ kind: "agreed", groups: [] }),
    },
  });
  return { open, asked };
}

function knownBy(open: OpenProvider): KnownPerson {
  const person = { subject: "s-1", name: "carl", email: null, groups: ["staff"] };
  return { open, identified: { kind: "person", person }, byPasskey: false, agreed: {} };
}

const NOBODY = { find: () => Promise.resolve(null), findBySubject: () => Promise.resolve(null) };
const makeReviews = (...providers: OpenProvider[]) =>
  new Reviews({ providers, users: NOBODY, log: pino({ level: "silent" }) });

test("those that have to look are asked in their order, with what was typed, and their groups are kept apart", async () => {
  const ldap = openProvider("ldap");
  const first = reviewing("first", { kind: "agreed", groups: ["a"] });
  const other = reviewing("other", { kind: "refused" }, ["imap"]);
  const second = reviewing("second", { kind: "agreed", groups: [] }, ["ldap"]);
  const reviews = makeReviews(first.open, ldap, other.open, second.open);
  expect(await reviews.ask(knownBy(ldap), "typed", CONTEXT)).toEqual({
    kind: "agreed",
    agreed: { first: ["a"], second: [] },
  });
  const person = {
    provider: "ldap",
    byPasskey: false,
    subject: "s-1",
    name: "carl",
    email: null,
    groups: ["staff"],
  };
  expect(first.asked).toEqual([[person, "typed"]]);
  expect(second.asked).toEqual([[person, "typed"]]);
  expect(other.asked).toEqual([]);
});

test("nobody looks at their own people, nor twice at anybody's", async () => {
  const hook = reviewing("hook", { kind: "refused" });
  const reviews = makeReviews(hook.open);
  expect(await reviews.ask(knownBy(hook.open), null, CONTEXT)).toEqual({ kind: "agreed", agreed: {} });
  const agreed = { ...knownBy(openProvider("ldap")), agreed: { hook: ["a"] } };
  expect(await reviews.ask(agreed, null, CONTEXT)).toEqual({ kind: "agreed", agreed: { hook: ["a"] } });
  expect(hook.asked).toEqual([]);
});

test("one that says no, says nothing or fails lets nobody past, and the next is not asked", async () => {
  const ldap = openProvider("ldap");
  const results: [ReviewResult | Error, string][] = [
    [{ kind: "refused" }, "refused"],
    [{ kind: "unavailable", reason: "x" }, "unavailable"],
    [new Error("secret"), "unavailable"],
  ];
  for (const [result, kind] of results) {
    const next = reviewing("next", { kind: "agreed", groups: [] });
    const reviews = makeReviews(ldap, reviewing("hook", result).open, next.open);
    expect(await reviews.ask(knownBy(ldap), null, CONTEXT)).toMatchObject({ kind });
    expect(next.asked).toEqual([]);
  }
});

test("one that asks for more is named, with what others have agreed to before", async () => {
  const ldap = openProvider("ldap");
  const challenge = { form: { fields: [], buttons: [] }, state: { a: 1 } };
  const reviews = makeReviews(
    ...[reviewing("first", { kind: "agreed", groups: ["a"] }).open, ldap],
    reviewing("code", { kind: "challenge", challenge }).open,
  );
  expect(await reviews.ask(knownBy(ldap), null, CONTEXT)).toEqual({
    ...{ kind: "challenge", by: "code", challenge },
    agreed: { first: ["a"] },
  });
});

test("an account of this server is described by its own record, and how it was proven", async () => {
  const hook = reviewing("hook", { kind: "agreed", groups: [] });
  const known: KnownPerson = {
    ...{ open: openProvider("local"), byPasskey: true, agreed: {} },
    identified: { kind: "signedIn", user: ANNA },
  };
  await makeReviews(hook.open).ask(known, null, CONTEXT);
  const { name, subject, email } = ANNA;
  expect(hook.asked).toEqual([
    [{ provider: "local", byPasskey: true, name, subject, email, groups: [] }, null],
  ]);
});
