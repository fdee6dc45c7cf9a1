import type { Command } from "commander";
import { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";
import { groupRow, memberRow, type GroupRow, type UserRow } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseInteger } from "../terminal/option-parsers.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findGroup, findUser } from "./find-named.ts";

interface AddFlags extends AdminApiFlags {
  readonly source?: string;
  readonly knownAs?: string;
  readonly limit: Readonly<Record<string, unknown>>;
}

interface ListFlags extends AdminApiFlags {
  readonly search?: string;
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  postern group add teachers --data /var/lib/postern
  postern group add students --source ldap --known-as cn=students,ou=groups,dc=example,dc=org --data /var/lib/postern
  postern group add lab --limit machines=5 --limit memoryMb=16384 --limit may=internet,gpu --data /var/lib/postern
  postern group limit lab cpus=none machines=10 --data /var/lib/postern
  postern group rename lab workshop --data /var/lib/postern
  postern group member add teachers anna --data /var/lib/postern
  postern group member list teachers --data /var/lib/postern
  postern group member remove teachers anna --data /var/lib/postern
  postern group remove teachers --data /var/lib/postern
  postern group list --data /var/lib/postern --json

Limits: machines, tokens, cpus, memoryMb, diskGb, lifetimeSeconds (a number, or none), extend (yes, no), may (script, internet, gpu,
master with commas between, or nothing). Of several groups of a person the most generous counts.
A group with --source has the people that this sign-in provider says, each from the next sign-in on.
`;

export function defineGroup(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(command.command("add <name>").description("a new group"))
    .option("--source <id>", "a sign-in provider that says who is in it; without it you do")
    .option("--known-as <name>", "what that provider calls it; default: the same")
    .option("--limit <key=value>", "what its members may have; again for each", collectLimit, {})
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, { source, knownAs, limit, ...flags }: AddFlags) => {
      const request = { name, source, knownAs, limits: limit };
      const made = await new AdminApi(flags).post("/groups", request, groupRow);
      printResult(flags.json === true, made, () => `There is a group ${made.name} now.\n`);
    });
  addAdminApiFlags(command.command("list").description("groups, by name"))
    .option("--search <text>", "only names that have this in them")
    .option("--limit <n>", "at most so many", parseInteger("--limit", 1), 1000)
    .addHelpText("after", EXAMPLES)
    .action(async ({ search, limit, ...flags }: ListFlags) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (search !== undefined) query.set("search", search);
      const rows = await new AdminApi(flags).get(`/groups?${query.toString()}`, z.array(groupRow));
      printResult(flags.json === true, rows, () => formatGroups(rows));
    });
  addAdminApiFlags(command.command("remove <name>").description("remove a group, and its grants"))
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const group = await findGroup(api, name);
      await api.remove(`/groups/${group.id}`);
      printResult(flags.json === true, { id: group.id, name }, () => `${group.name} is removed.\n`);
    });
  addAdminApiFlags(
    command
      .command("limit <name> [limits...]")
      .description("other limits, in place of those of before; none of them: no limits"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, texts: string[], flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const limits = texts.reduce<Readonly<Record<string, unknown>>>(
        (all, text) => collectLimit(text, all),
        {},
      );
      const { id } = await findGroup(api, name);
      const changed = await api.patch(`/groups/${id}`, { limits }, groupRow);
      printResult(flags.json === true, changed, () => `${changed.name} has these limits now.\n`);
    });
  addAdminApiFlags(command.command("rename <old> <new>").description("another name; members and grants stay"))
    .addHelpText("after", EXAMPLES)
    .action(async (old: string, name: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const group = await findGroup(api, old);
      const renamed = await api.patch(`/groups/${group.id}`, { name }, groupRow);
      printResult(flags.json === true, renamed, () => `${group.name} is called ${renamed.name} now.\n`);
    });
  defineMembers(command.command("member").description("who is in a group"));
}

function defineMembers(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(command.command("add <group> <names...>").description("accounts enter a group"))
    .addHelpText("after", EXAMPLES)
    .action(async (reference: string, names: string[], flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const group = await findGroup(api, reference);
      const users = await findUsers(api, names);
      for (const { id } of users) await api.post(`/groups/${group.id}/members`, { user: id }, z.unknown());
      printUsers(flags, users, ({ name }) => `${name} is in ${group.name} now.\n`);
    });
  addAdminApiFlags(command.command("remove <group> <names...>").description("accounts leave a group"))
    .addHelpText("after", EXAMPLES)
    .action(async (reference: string, names: string[], flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const group = await findGroup(api, reference);
      const users = await findUsers(api, names);
      for (const { id } of users) await api.remove(`/groups/${group.id}/members/${id}`);
      printUsers(flags, users, ({ name }) => `${name} is no longer in ${group.name}.\n`);
    });
  addAdminApiFlags(command.command("list <group>").description("who is in a group, by name"))
    .addHelpText("after", EXAMPLES)
    .action(async (reference: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id } = await findGroup(api, reference);
      const rows = await api.get(`/groups/${id}/members?limit=1000`, z.array(memberRow));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["NAME", "ID"],
          rows.map((row) => [row.name, row.id]),
        ),
      );
    });
}

/** @throws ConfigError `GROUP_LIMIT` */
function collectLimit(
  text: string,
  before: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const [key = "", value] = text.split("=", 2);
  if (key === "" || value === undefined || value === "")
    throw new ConfigError("GROUP_LIMIT", `The limit ${text} is none. Write it as machines=5.`);
  return { ...before, [key]: readLimit(key, value) };
}

function readLimit(key: string, value: string): unknown {
  if (key === "may") return value === "nothing" ? [] : value.split(",");
  if (key === "extend") return value === "yes";
  return value === "none" ? null : Number(value);
}

function formatGroups(rows: readonly GroupRow[]): string {
  return formatTable(
    ["NAME", "SOURCE", "PEOPLE", "LIMITS"],
    rows.map(({ name, source, members, limits }) => [
      name,
      source,
      String(members),
      Object.entries(limits)
        .map(([key, value]) => `${key}=${value === null ? "none" : String(value)}`)
        .join(" "),
    ]),
  );
}

async function findUsers(api: AdminApi, names: readonly string[]): Promise<UserRow[]> {
  const users: UserRow[] = [];
  for (const name of names) users.push(await findUser(api, name));
  return users;
}

function printUsers(
  flags: AdminApiFlags,
  users: readonly UserRow[],
  describe: (user: UserRow) => string,
): void {
  const answer = users.map(({ id, name }) => ({ id, name }));
  printResult(flags.json === true, answer, () => users.map(describe).join(""));
}
