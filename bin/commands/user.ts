import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";
import {
  accountRole,
  createdUser,
  loginRow,
  passwordAnswer,
  userRow,
  type UserRow,
} from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseInteger } from "../terminal/option-parsers.ts";
import { quoteWord } from "../terminal/program-name.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findGroup, findUser } from "./find-named.ts";
import { defineImport } from "./user-import.ts";
import { defineNewcomers } from "./user-newcomers.ts";

type RoleName = z.infer<typeof accountRole>;

interface AddFlags extends AdminApiFlags {
  readonly role: RoleName;
  readonly passwordFile?: string;
  readonly email?: string;
  readonly service?: boolean;
  readonly group: readonly string[];
}

interface ListFlags extends AdminApiFlags {
  readonly search?: string;
  readonly role?: RoleName;
  readonly state?: string;
  readonly limit: number;
}

interface SessionsFlags extends AdminApiFlags {
  readonly end?: string | true;
}

const EXAMPLES = `
Examples:
  postern user add anna --data /var/lib/postern
  postern user add carl --group students --data /var/lib/postern
  postern user add ben --role operator --password-file ben.password --data /var/lib/postern --json
  postern user add ci --role operator --service --data /var/lib/postern
  postern user invite --role user --group students --expires 7d --data /var/lib/postern
  postern user invitations --data /var/lib/postern
  postern user uninvite ID --data /var/lib/postern
  postern user requests --data /var/lib/postern
  postern user approve nina --group students --data /var/lib/postern
  postern user refuse mallory --data /var/lib/postern
  postern user import people.csv --dry-run --data /var/lib/postern
  postern user list --data /var/lib/postern --role admin
  postern user role anna admin --data /var/lib/postern
  postern user password anna --data /var/lib/postern
  postern user sessions anna --data /var/lib/postern --end
  postern user show anna --data /var/lib/postern
  postern user reset-factors anna --data /var/lib/postern
  postern user disable anna --data /var/lib/postern
  postern user enable anna --data /var/lib/postern
  postern user remove anna --data /var/lib/postern

Roles: user (own machines), operator (all machines, hosts, agents and sessions), admin (people and keys too), auditor (reads states
and the audit log). Without --password-file the server makes a password and tells it once.
`;

export function defineUser(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  defineAdd(command);
  defineNewcomers(command, EXAMPLES);
  defineImport(command, EXAMPLES);
  defineList(command);
  definePassword(command);
  defineSessions(command);
  addAdminApiFlags(command.command("show <name>").description("one account"))
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AdminApiFlags) => {
      const user = await findUser(new AdminApi(flags), name);
      printResult(flags.json === true, user, () => formatRows([user]));
    });
  addAdminApiFlags(
    command.command("role <name> <role>").description("give an account another role; its logins end"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, text: string, flags: AdminApiFlags) => {
      const { data: role } = accountRole.safeParse(text);
      if (role === undefined)
        throw new ConfigError(
          "ROLE_UNKNOWN",
          `There is no role ${text}. Choose from: ${accountRole.options.join(", ")}.`,
        );
      await change(name, { role }, flags, () => `${name} is ${role} now.\n`);
    });
  addAdminApiFlags(
    command
      .command("reset-factors <name>")
      .description("remove an account's authenticator app, passkeys and recovery codes, when they are lost"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const user = await findUser(api, name);
      await api.remove(`/users/${user.id}/factors`);
      printResult(
        flags.json === true,
        { id: user.id, name: user.name },
        () => `${user.name} has no second factor any more.\n`,
      );
    });
  addAdminApiFlags(
    command.command("disable <name>").description("shut an account out: its logins, tokens and sessions end"),
  )
    .addHelpText("after", EXAMPLES)
    .action((name: string, flags: AdminApiFlags) =>
      change(name, { state: "disabled" }, flags, () => `${name} is disabled.\n`),
    );
  addAdminApiFlags(command.command("enable <name>").description("let a disabled account in again"))
    .addHelpText("after", EXAMPLES)
    .action((name: string, flags: AdminApiFlags) =>
      change(name, { state: "enabled" }, flags, () => `${name} may sign in again.\n`),
    );
  addAdminApiFlags(
    command.command("remove <name>").description("remove an account that has no machines and no data disks"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const user = await findUser(api, name);
      await api.remove(`/users/${user.id}`);
      printResult(flags.json === true, { id: user.id, name: user.name }, () => `${user.name} is removed.\n`);
    });
}

function defineAdd(command: Command): void {
  addAdminApiFlags(command.command("add <name>").description("a new account"))
    .addOption(new Option("--role <role>", "what it may do").choices(accountRole.options).default("user"))
    .option("--password-file <file>", "its first line is the password; without it the server makes one")
    .option("--email <address>", "where codes and invitations go")
    .option("--service", "a program's account: nobody signs in to it, API tokens use it")
    .option(
      "--group <name>",
      "it enters this group; again for each",
      (name, all: string[]) => [...all, name],
      [],
    )
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AddFlags) => {
      const { role, email, passwordFile, service } = flags;
      const password = passwordFile === undefined ? undefined : await readPassword(passwordFile);
      const api = new AdminApi(flags);
      const groups = [];
      for (const group of flags.group) groups.push(await findGroup(api, group));
      const made = await api.post("/users", { name, role, email, password, service }, createdUser);
      for (const { id } of groups) await api.post(`/groups/${id}/members`, { user: made.id }, z.unknown());
      printResult(flags.json === true, made, () =>
        service === true
          ? `${made.name} is a service account: make its tokens with \`${api.formatCommand(`api-token create --for ${quoteWord(made.name)} --name NAME --scope read`)}\`.\n`
          : `${made.name} may sign in as ${made.role}.\n${describePassword(made)}`,
      );
    });
}

function defineList(command: Command): void {
  addAdminApiFlags(command.command("list").description("accounts, by name"))
    .option("--search <text>", "only names and e-mail addresses that have this in them")
    .addOption(new Option("--role <role>", "only these").choices(accountRole.options))
    .addOption(new Option("--state <state>", "only these").choices(["enabled", "disabled"]))
    .option("--limit <n>", "at most so many", parseInteger("--limit", 1), 1000)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ListFlags) => {
      const query = new URLSearchParams({ limit: String(flags.limit) });
      for (const key of ["search", "role", "state"] as const)
        if (flags[key] !== undefined) query.set(key, flags[key]);
      const rows = await new AdminApi(flags).get(`/users?${query.toString()}`, z.array(userRow));
      printResult(flags.json === true, rows, () => formatRows(rows));
    });
}

function definePassword(command: Command): void {
  addAdminApiFlags(command.command("password <name>").description("a new password; the account's logins end"))
    .option("--password-file <file>", "its first line is the password; without it the server makes one")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: AddFlags) => {
      const api = new AdminApi(flags);
      const user = await findUser(api, name);
      const password = flags.passwordFile === undefined ? undefined : await readPassword(flags.passwordFile);
      const made = await api.post(`/users/${user.id}/password`, { password }, passwordAnswer);
      const answer = { id: user.id, name: user.name, ...made };
      printResult(
        flags.json === true,
        answer,
        () => `${user.name} has a new password.\n${describePassword(made)}`,
      );
    });
}

function defineSessions(command: Command): void {
  addAdminApiFlags(
    command.command("sessions <name>").description("where an account is signed in; --end signs it out"),
  )
    .option("--end [id]", "end this one, or all")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, flags: SessionsFlags) => {
      const api = new AdminApi(flags);
      const user = await findUser(api, name);
      const { end } = flags;
      if (end !== undefined) {
        const one = end === true ? "" : `/${encodeURIComponent(end)}`;
        await api.remove(`/users/${user.id}/logins${one}`);
        const which = end === true ? "everywhere" : "there";
        printResult(flags.json === true, { id: user.id }, () => `${user.name} is signed out ${which}.\n`);
        return;
      }
      const rows = await api.get(`/users/${user.id}/logins`, z.array(loginRow));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["ID", "FROM", "BROWSER", "SIGNED IN", "SEEN"],
          rows.map((row) => [
            row.id,
            row.address ?? "",
            row.browser ?? "",
            formatAge(row.createdAt),
            formatAge(row.lastSeenAt),
          ]),
        ),
      );
    });
}

async function change(name: string, body: object, flags: AdminApiFlags, say: () => string): Promise<void> {
  const api = new AdminApi(flags);
  const user = await findUser(api, name);
  const changed = await api.patch(`/users/${user.id}`, body, userRow);
  printResult(flags.json === true, changed, say);
}

async function readPassword(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new ConfigError("PASSWORD_FILE", `The password file ${file} cannot be read.`, { cause: error });
  });
  const [line = ""] = text.split(/\r?\n/);
  if (line === "") throw new ConfigError("PASSWORD_FILE", `The first line of ${file} is empty.`);
  return line;
}

function describePassword({ password }: { readonly password?: string | undefined }): string {
  return password === undefined ? "" : `\n  Password   ${password}\n\nIt is shown this once.\n`;
}

function formatRows(rows: readonly UserRow[]): string {
  return formatTable(
    ["NAME", "ROLE", "STATE", "SIGNS IN BY", "E-MAIL", "LAST SEEN"],
    rows.map((row) => [
      row.name,
      row.role,
      row.state,
      row.provider,
      row.email ?? "",
      row.lastLoginAt === null ? "never" : formatAge(row.lastLoginAt),
    ]),
  );
}
