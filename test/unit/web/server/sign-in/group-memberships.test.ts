import { afterEach, expect, test } from "vitest";
import type { AuditEntry } from "../../../../../proxy/index.ts";
import { AccountLinker } from "../../../../../web/server/sign-in/account-linker.ts";
import { GroupMemberships } from "../../../../../web/server/sign-in/group-memberships.ts";
import { CleanupStack } from "../../../../support/cleanup-stack.ts";
import { ManualClock } from "../../../../support/manual-clock.ts";
import { openNewStores } from "../../../../support/migrated-database.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const ADMISSION = { create: true, viewers: true, denyGroups: [], denyPeople: [] };

async function open() {
  const folder = await cleanup.makeFolder();
  const stores = await openNewStores(folder, new ManualClock());
  cleanup.add({ stop: () => stores.close() });
  const audited: AuditEntry[] = [];
  const log = { fails: false };
  const auditDurably = (entry: AuditEntry): Promise<void> => {
    if (log.fails) return Promise.reject(new Error("no line"));
    audited.push(entry);
    return Promise.resolve();
  };
  const linker = new AccountLinker({
    users: stores.users,
    memberships: new GroupMemberships({ groups: stores.groups, auditDurably }),
    auditDurably,
    audit: (entry) => audited.push(entry),
  });
  const signIn = async (groups: readonly string[]) => {
    const person = { subject: "s1", name: "anna", email: null, groups };
    const result = await linker.link("ldap", ADMISSION, person);
    if (result.kind !== "account") return result.reason;
    return (await stores.groups.listOf(result.user.id, "ldap")).map(({ name }) => name);
  };
  return { stores, signIn, audited, log };
}

test("a person is in the groups that the provider says, as far as they were named here, anew at each sign-in", async () => {
  const { stores, signIn, audited } = await open();
  await stores.groups.add({ name: "staff", source: "ldap", knownAs: "cn=staff,dc=x" });
  await stores.groups.add({ name: "lab", source: "ldap" });
  await stores.groups.add({ name: "own" });
  await stores.groups.add({ name: "theirs", source: "other", knownAs: "lab" });
  expect(await signIn(["CN=Staff,dc=x", "own", "nobody knows this one"])).toEqual(["staff"]);
  expect(await signIn(["lab"])).toEqual(["lab"]);
  const lines = audited.filter(({ action }) => action.startsWith("group."));
  expect(
    lines.map(({ action, groupName, method, targetName }) => [action, groupName, method, targetName]),
  ).toEqual([
    ["group.join", "staff", "ldap", "anna"],
    ["group.join", "lab", "ldap", "anna"],
    ["group.leave", "staff", "ldap", "anna"],
  ]);
  expect(await signIn(["lab"])).toEqual(["lab"]);
  expect(audited.filter(({ action }) => action.startsWith("group."))).toHaveLength(3);
});

test("a directory's name of a group counts whatever its blanks, and one that was kept as it was written as that", async () => {
  const { stores, signIn } = await open();
  await stores.groups.add({ name: "staff", source: "ldap", knownAs: "ou=Staff, dc=x" });
  expect(await signIn(["OU=staff,DC=x"])).toEqual(["staff"]);
  const same = { name: "again", source: "ldap", knownAs: "ou=staff,dc=x" };
  await expect(stores.groups.add(same)).rejects.toMatchObject({ code: "GROUP_EXISTS" });
  expect(await signIn(["ou=staff,dc=y"])).toEqual([]);
});

test("without its line nobody enters or leaves a group", async () => {
  const { stores, signIn, log } = await open();
  await stores.groups.add({ name: "lab", source: "ldap" });
  expect(await signIn([])).toEqual([]);
  log.fails = true;
  await expect(signIn(["lab"])).rejects.toThrow("no line");
  log.fails = false;
  const anna = await stores.users.findByName("anna");
  expect(await stores.groups.listOf(anna?.id ?? "", "ldap")).toEqual([]);
});

test("who is said to be in more groups than people are does not enter", async () => {
  const { signIn } = await open();
  expect(await signIn(Array.from({ length: 5_001 }, (_, index) => `group-${index}`))).toBe("USER_DENIED");
});
