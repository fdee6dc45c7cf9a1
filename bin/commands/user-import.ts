import { readFile, stat } from "node:fs/promises";
import { Option, type Command } from "commander";
import { z } from "zod";
import { ConfigError, foldName } from "../../protocol/index.ts";
import {
  accountRole,
  createdInvitation,
  createdUser,
  MAX_ASKED_NAMES,
  takenNames,
  type GroupRow,
} from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { collectValues } from "../terminal/option-parsers.ts";
import { countOf, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findGroup } from "./find-named.ts";
import { describeLine, PEOPLE_FORMATS, readPeople, type ListedPerson } from "./people-file.ts";
import { defineExpires } from "./user-newcomers.ts";

interface ImportFlags extends AdminApiFlags {
  readonly format?: (typeof PEOPLE_FORMATS)[number];
  readonly role: z.infer<typeof accountRole>;
  readonly group?: string[];
  readonly invite?: boolean;
  readonly expires: number;
  readonly mail?: boolean;
  readonly dryRun?: boolean;
}

/** What became of a line, or would. */
interface ImportedPerson {
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
  readonly email: string | null;
  readonly password?: string | undefined;
  readonly url?: string;
}

const MAX_PEOPLE_BYTES = 1_048_576;

export function defineImport(command: Command, examples: string): void {
  addAdminApiFlags(
    command
      .command("import <file>")
      .description(
        "accounts for all people of a list: CSV (name, role, groups, email), or NAME:… as of htpasswd",
      ),
  )
    .addOption(
      new Option(
        "--format <format>",
        "what the file is; default: csv where its first line names a column `name`",
      ).choices(PEOPLE_FORMATS),
    )
    .addOption(
      new Option("--role <role>", "of those for whom the file names none")
        .choices(accountRole.options)
        .default("user"),
    )
    .option("--group <name>", "all of them enter this group; again for each", collectValues)
    .option("--invite", "make invitations, not accounts: each person chooses a password")
    .addOption(defineExpires())
    .option("--mail", "the server sends each invitation to the e-mail address of its line")
    .option("--dry-run", "only say what would be done")
    .addHelpText("after", examples)
    .action(importPeople);
}

async function importPeople(file: string, flags: ImportFlags): Promise<void> {
  const { people, leftOut } = readPeople(file, await readText(file), flags.format);
  if (flags.mail === true && flags.invite !== true)
    throw new ConfigError("PEOPLE_MAIL", "--mail sends invitations: give --invite, too.");
  const unaddressed = people.find(({ email }) => flags.mail === true && email === null);
  if (unaddressed !== undefined)
    throw describeLine(file, unaddressed.line, "there is no e-mail address for --mail.");
  const api = new AdminApi(flags);
  const groups = await findGroups(api, { file, people, flags });
  await refuseKnown(api, file, people);
  const planned = people.map((person) => ({
    ...{ name: person.name, role: person.role ?? flags.role, email: person.email },
    groups: [
      ...new Set([...(flags.group ?? []), ...person.groups].map((name) => groups.get(foldName(name)))),
    ],
  }));
  if (flags.dryRun === true) return print(flags, planned.map(describe), leftOut);
  const made: ImportedPerson[] = [];
  try {
    for (const person of planned) made.push({ ...describe(person), ...(await make(api, person, flags)) });
  } catch (error) {
    // What was told this once must not be lost.
    print(flags, made, leftOut);
    throw describeStop(error, made.length, people.length);
  }
  print(flags, made, leftOut);
}

type Planned = Omit<ImportedPerson, "groups"> & { readonly groups: readonly (GroupRow | undefined)[] };

function describe({ groups, ...rest }: Planned): ImportedPerson {
  return { ...rest, groups: groups.flatMap((group) => group?.name ?? []) };
}

async function make(
  api: AdminApi,
  { name, role, email, groups }: Planned,
  { invite, expires: ttlSeconds, mail = false }: ImportFlags,
): Promise<Pick<ImportedPerson, "password" | "url">> {
  const ids = groups.flatMap((group) => group?.id ?? []);
  const about = { name, role, ...(email !== null && { email }) };
  if (invite === true) {
    const wanted = { ...about, groups: ids, ttlSeconds, mail };
    return { url: (await api.post("/invitations", wanted, createdInvitation)).url };
  }
  const { id, password } = await api.post("/users", about, createdUser);
  for (const group of ids) await api.post(`/groups/${group}/members`, { user: id }, z.unknown());
  return { password };
}

/** By their names, folded. */
async function findGroups(
  api: AdminApi,
  {
    file,
    people,
    flags,
  }: { readonly file: string; readonly people: readonly ListedPerson[]; readonly flags: ImportFlags },
): Promise<Map<string, GroupRow>> {
  const found = new Map<string, GroupRow>();
  for (const name of flags.group ?? []) found.set(foldName(name), await findGroup(api, name));
  for (const { line, groups } of people)
    for (const name of groups) {
      if (found.has(foldName(name))) continue;
      const group = await findGroup(api, name).catch((error: unknown) => {
        if (error instanceof AdminApiError && error.code === "GROUP_UNKNOWN")
          throw describeLine(file, line, `there is no group ${name}.`);
        throw error;
      });
      found.set(foldName(name), group);
    }
  return found;
}

/** Names that have an account already, or are the mail address of one. */
async function refuseKnown(api: AdminApi, file: string, people: readonly ListedPerson[]): Promise<void> {
  const known = new Set<string>();
  for (let from = 0; from < people.length; from += MAX_ASKED_NAMES) {
    const names = people.slice(from, from + MAX_ASKED_NAMES).map(({ name }) => name);
    for (const name of (await api.post("/users/taken", { names }, takenNames)).names)
      known.add(foldName(name));
  }
  const taken = people.find(({ name }) => known.has(foldName(name)));
  if (taken !== undefined) throw describeLine(file, taken.line, `${taken.name} has an account already.`);
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_PEOPLE_BYTES) throw new Error("it is too large");
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ConfigError("FILE_UNREADABLE", `${file} cannot be read, or is larger than 1 MiB.`, { cause });
  }
}

function describeStop(error: unknown, done: number, all: number): unknown {
  if (!(error instanceof AdminApiError)) return error;
  const { code, message, exitCode } = error;
  return new AdminApiError(code, `${done} of ${all} people were imported, then: ${message}`, exitCode);
}

function print(flags: ImportFlags, people: readonly ImportedPerson[], leftOut: number): void {
  const { invite = false, dryRun = false } = flags;
  const secret = dryRun ? [] : [invite ? "LINK" : "PASSWORD"];
  const count = countOf(people.length, invite ? "invitation" : "account");
  printResult(flags.json === true, people, () =>
    [
      formatTable(
        ["NAME", "ROLE", "GROUPS", "E-MAIL", ...secret],
        people.map(({ name, role, groups, email, password, url }) => [
          ...[name, role, groups.join(";"), email ?? ""],
          ...(dryRun ? [] : [url ?? password ?? ""]),
        ]),
      ),
      ...(leftOut > 0
        ? [`${countOf(leftOut, "account")} of the system ${leftOut === 1 ? "is" : "are"} left out.\n`]
        : []),
      dryRun
        ? `${count} would be made. Nothing was done.\n`
        : `${count} ${people.length === 1 ? "is" : "are"} made. The last column is shown this once.\n`,
    ].join("\n"),
  );
}
