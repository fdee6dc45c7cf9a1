import { expect, onTestFinished, test } from "vitest";
import { RequestError } from "../../../../../protocol/index.ts";
import { openStores, type AuditEntry, type Stores } from "../../../../../proxy/index.ts";
import { GroupMemberships } from "../../../../../web/server/sign-in/group-memberships.ts";
import { AccountLinker } from "../../../../../web/server/sign-in/account-linker.ts";
import type { Admission, ExternalPerson } from "../../../../../web/server/sign-in/providers/index.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";

const OPEN: Admission = { create: true, viewers: true, denyGroups: [], denyPeople: [] };
const ROLES = { admin: ["cn=Heads"], operator: ["staff", "cn=heads"], auditor: ["board"] };

function makePerson(change: Partial<ExternalPerson> = {}): ExternalPerson {
  return { subject: "s-1", name: "anna", email: null, groups: [], ...change };
}

async function openLinker(): Promise<{
  linker: AccountLinker;
  stores: Stores;
  users: Stores["users"];
  audited: AuditEntry[];
  log: { fails: boolean };
}> {
  const stores = await openStores(
    { database: "sqlite::memory:", masterKey: Buffer.alloc(32) },
    new ManualClock(),
  );
  onTestFinished(() => stores.close());
  const audited: AuditEntry[] = [];
  const log = { fails: false };
  const auditDurably = (entry: AuditEntry): Promise<void> => {
    if (log.fails) return Promise.reject(new RequestError("AUDIT_UNAVAILABLE", "no line"));
    audited.push(entry);
    return Promise.resolve();
  };
  const linker = new AccountLinker({
    users: stores.users,
    memberships: new GroupMemberships({ groups: stores.groups, auditDurably }),
    audit: (entry) => void audited.push(entry),
    auditDurably,
  });
  return { linker, stores, users: stores.users, audited, log };
}

test("the first sign-in makes an account; the next ones find it by the service's key, under whatever name", async () => {
  const { linker, users, audited } = await openLinker();
  const first = await linker.link("campus", OPEN, makePerson({ email: "anna@example.org" }));
  expect(first).toMatchObject({
    kind: "account",
    user: { name: "anna", role: "user", provider: "campus", subject: "s-1", email: "anna@example.org" },
  });
  expect(audited).toMatchObject([
    { action: "user.create", role: "user", method: "campus", targetName: "anna" },
  ]);
  const again = await linker.link(
    "campus",
    OPEN,
    makePerson({ name: "anna-married", email: "new@example.org" }),
  );
  expect(again).toMatchObject({ kind: "account", user: { name: "anna", email: "new@example.org" } });
  expect(await users.count()).toBe(1);
  expect(audited).toHaveLength(1);
});

test("a name that was given again, or is another provider's or the server's own, is not that account", async () => {
  const { linker, users } = await openLinker();
  await users.add({ name: "Anna", role: "admin", passwordHash: "x" });
  const refused = { kind: "refused", reason: "USER_EXISTS", user: null };
  expect(await linker.link("campus", OPEN, makePerson())).toEqual(refused);
  expect((await linker.link("campus", OPEN, makePerson({ name: "ben" }))).kind).toBe("account");
  expect(await linker.link("clinic", OPEN, makePerson({ name: "ben" }))).toEqual(refused);
  expect(await linker.link("campus", OPEN, makePerson({ name: "ben", subject: "s-2" }))).toEqual(refused);
  expect(await users.count()).toBe(2);
});

test("where nobody is taken in, only those who have an account enter", async () => {
  const { linker, users } = await openLinker();
  const closed = { ...OPEN, create: false };
  expect(await linker.link("campus", closed, makePerson())).toMatchObject({ reason: "USER_UNKNOWN" });
  expect(await users.count()).toBe(0);
  await linker.link("campus", OPEN, makePerson());
  expect((await linker.link("campus", closed, makePerson())).kind).toBe("account");
});

test.each(["", " anna", "an/na", "a\u0007", "a".repeat(65)])("%j makes no account", async (name) => {
  const { linker, users } = await openLinker();
  expect(await linker.link("campus", OPEN, makePerson({ name }))).toMatchObject({ reason: "USER_NAME" });
  expect(await users.count()).toBe(0);
});

test("lists of groups and people let in and shut out, whatever case and blanks; what denies wins", async () => {
  const { linker, users } = await openLinker();
  const admission = {
    ...OPEN,
    allowGroups: ["Staff"],
    denyGroups: ["Guests", "ou=out, dc=x"],
    denyPeople: ["MALLORY"],
  };
  const judge = async (person: Partial<ExternalPerson>) => {
    const result = await linker.link("campus", admission, makePerson(person));
    return result.kind === "refused" ? result.reason : result.kind;
  };
  expect(await judge({ groups: [] })).toBe("USER_NOT_ALLOWED");
  expect(await judge({ groups: ["STAFF", "guests"] })).toBe("USER_DENIED");
  expect(await judge({ groups: ["staff", "OU=Out,DC=x"] })).toBe("USER_DENIED");
  expect(await judge({ name: "Mallory", groups: ["staff"] })).toBe("USER_DENIED");
  expect(await users.count()).toBe(0);
  expect(await judge({ groups: ["staff"] })).toBe("account");
  // Who has an account already is shut out all the same, and named in the log.
  expect(await linker.link("campus", admission, makePerson({ groups: ["guests"] }))).toMatchObject({
    ...{ kind: "refused", reason: "USER_DENIED", user: { name: "anna" } },
  });
});

test("an account that is disabled stays out, and is not changed", async () => {
  const { linker, users } = await openLinker();
  await linker.link("campus", OPEN, makePerson());
  const { id } = (await users.findByName("anna"))!;
  await users.disable(id);
  const admission = { ...OPEN, roles: ROLES };
  expect(await linker.link("campus", admission, makePerson({ groups: ["staff"] }))).toMatchObject({
    ...{ kind: "refused", reason: "USER_DISABLED", user: { id } },
  });
  expect((await users.find(id))?.role).toBe("user");
});

test("roles come and go with the groups; without such a list the account keeps its own", async () => {
  const { linker, users, audited } = await openLinker();
  await users.add({ name: "root", role: "admin", passwordHash: "x" });
  const admission = { ...OPEN, roles: ROLES };
  const roleWith = async (groups: readonly string[], how: Admission = admission) => {
    const result = await linker.link("campus", how, makePerson({ groups }));
    return result.kind === "account" ? result.user.role : result.reason;
  };
  expect(await roleWith(["CN=HEADS"])).toBe("admin");
  expect(await roleWith(["board", "staff"])).toBe("operator");
  expect(await roleWith(["board"])).toBe("auditor");
  expect(await roleWith([], OPEN)).toBe("auditor");
  expect(await roleWith([])).toBe("user");
  expect(audited.map(({ action, role }) => `${action} ${role ?? ""}`)).toEqual([
    "user.create admin",
    "user.role operator",
    "user.role auditor",
    "user.role user",
  ]);
});

test("the last administrator stays one although the directory names nobody any more", async () => {
  const { linker, audited } = await openLinker();
  const admission = { ...OPEN, roles: ROLES };
  await linker.link("campus", admission, makePerson({ groups: ["cn=heads"] }));
  const result = await linker.link("campus", admission, makePerson());
  expect(result).toMatchObject({ kind: "account", user: { role: "admin" } });
  expect(audited.at(-1)).toMatchObject({ action: "user.role", outcome: "failure", reason: "LAST_ADMIN" });
});

test("without its line there is no account and no role", async () => {
  const { linker, users, log } = await openLinker();
  log.fails = true;
  await expect(linker.link("campus", OPEN, makePerson())).rejects.toMatchObject({
    code: "AUDIT_UNAVAILABLE",
  });
  expect(await users.count()).toBe(0);
  log.fails = false;
  await linker.link("campus", OPEN, makePerson());
  log.fails = true;
  const admission = { ...OPEN, roles: ROLES };
  const promoted = linker.link("campus", admission, makePerson({ groups: ["staff"] }));
  await expect(promoted).rejects.toMatchObject({ code: "AUDIT_UNAVAILABLE" });
  expect((await users.findByName("anna"))?.role).toBe("user");
});

test("of many first sign-ins at once each gets the same account", async () => {
  const { linker, users } = await openLinker();
  const results = await Promise.all(
    Array.from({ length: 8 }, () => linker.link("campus", OPEN, makePerson())),
  );
  expect(new Set(results.map((one) => (one.kind === "account" ? one.user.id : one.reason))).size).toBe(1);
  expect(await users.count()).toBe(1);
});

test("an account of this server is judged by its name and by the groups that administrators fill", async () => {
  const { linker, users, stores } = await openLinker();
  const anna = await users.add({ name: "Anna", role: "user", passwordHash: "" });
  const { id } = await stores.groups.add({ name: "Staff" });
  expect(await linker.judgeOwn(anna, OPEN)).toBeNull();
  expect(await linker.judgeOwn(anna, { ...OPEN, denyPeople: ["anna"] })).toBe("USER_DENIED");
  expect(await linker.judgeOwn(anna, { ...OPEN, allowGroups: ["staff"] })).toBe("USER_NOT_ALLOWED");
  await stores.groups.addMember(id, anna.id);
  expect(await linker.judgeOwn(anna, { ...OPEN, allowGroups: ["staff"] })).toBeNull();
  expect(await linker.judgeOwn(anna, { ...OPEN, denyGroups: ["staff"] })).toBe("USER_DENIED");
});

test("groups that others name count as well, are kept by who named them, and go with the next sign-in without them", async () => {
  const { linker, stores } = await openLinker();
  await stores.groups.add({ name: "lab", source: "hook" });
  await stores.groups.add({ name: "staff", source: "campus" });
  const admission = { ...OPEN, allowGroups: ["lab"], roles: { operator: ["lab"] } };
  const staff = makePerson({ groups: ["staff"] });
  expect((await linker.link("campus", admission, staff)).kind).toBe("refused");
  const result = await linker.link("campus", admission, { ...staff, agreed: { hook: ["lab"] } });
  expect(result).toMatchObject({ kind: "account", user: { role: "operator" } });
  if (result.kind !== "account") return;
  const groupsOf = async (source: string) =>
    (await stores.groups.listOf(result.user.id, source)).map(({ name }) => name);
  expect([await groupsOf("hook"), await groupsOf("campus")]).toEqual([["lab"], ["staff"]]);
  await linker.link("campus", OPEN, { ...staff, agreed: { hook: [] } });
  expect([await groupsOf("hook"), await groupsOf("campus")]).toEqual([[], ["staff"]]);
  const shut = { ...OPEN, denyGroups: ["lab"] };
  expect(await linker.link("campus", shut, { ...staff, agreed: { hook: ["lab"] } })).toMatchObject({
    reason: "USER_DENIED",
  });
  expect(await linker.judgeOwn(result.user, shut, { hook: ["Lab"] })).toBe("USER_DENIED");
});
