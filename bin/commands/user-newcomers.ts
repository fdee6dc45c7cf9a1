import { Option, type Command } from "commander";
import { z } from "zod";
import { foldName } from "../../protocol/index.ts";
import {
  accountRole,
  createdInvitation,
  invitationRow,
  signUpRow,
  userRow,
  type SignUpRow,
} from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { collectValues, parseDurationSeconds } from "../terminal/option-parsers.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findGroup } from "./find-named.ts";

interface AccountFlags extends AdminApiFlags {
  readonly role: z.infer<typeof accountRole>;
  readonly group?: string[];
}

interface InviteFlags extends AccountFlags {
  readonly name?: string;
  readonly email?: string;
  readonly expires: number;
  readonly mail?: boolean;
}

const THREE_DAYS = 259_200;

/** Invitations, and people who ask for an account. */
export function defineNewcomers(command: Command, examples: string): void {
  addAccountFlags(command.command("invite").description("a link by which one person gets an account, once"))
    .option("--name <name>", "what the account is to be called; without it the person chooses")
    .option("--email <address>", "the person's e-mail address")
    .addOption(defineExpires())
    .option("--mail", "the server sends the link to --email")
    .addHelpText("after", examples)
    .action(
      async ({ role, group, name, email, expires: ttlSeconds, mail = false, ...flags }: InviteFlags) => {
        const api = new AdminApi(flags);
        const groups = await listIds(api, group);
        const wanted = { role, groups, name, email, ttlSeconds, mail };
        const made = await api.post("/invitations", wanted, createdInvitation);
        printResult(flags.json === true, made, () =>
          [
            `  Link      ${made.url}`,
            `  Role      ${made.role}`,
            `  Expires   ${new Date(made.expiresAt).toISOString()}`,
            ...(mail ? [made.mailed ? "  Sent      soon" : "  Sent      no: too many mails wait"] : []),
            "",
            "It is shown this once, and counts once. Give it to the person by a safe way.",
            "",
          ].join("\n"),
        );
      },
    );
  addAdminApiFlags(command.command("invitations").description("open invitations; never their links"))
    .addHelpText("after", examples)
    .action(async (flags: AdminApiFlags) => {
      const rows = await new AdminApi(flags).get("/invitations", z.array(invitationRow));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["ID", "NAME", "E-MAIL", "ROLE", "GROUPS", "BY", "EXPIRES"],
          rows.map((row) => [
            ...[row.id, row.name ?? "", row.email ?? "", row.role],
            ...[row.groups.map((group) => group.name).join(";"), row.by ?? ""],
            new Date(row.expiresAt).toISOString(),
          ]),
        ),
      );
    });
  addAdminApiFlags(command.command("uninvite <id>").description("take an invitation back"))
    .addHelpText("after", examples)
    .action(async (id: string, flags: AdminApiFlags) => {
      await new AdminApi(flags).remove(`/invitations/${encodeURIComponent(id)}`);
      printResult(flags.json === true, { id }, () => `Invitation ${id} is taken back.\n`);
    });
  addAdminApiFlags(command.command("requests").description("people who ask for an account"))
    .addHelpText("after", examples)
    .action(async (flags: AdminApiFlags) => {
      const rows = await listRequests(new AdminApi(flags));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["ID", "NAME", "FROM", "ASKED", "WHAT THEY SAY"],
          rows.map((row) => [
            ...[row.id, row.taken ? `${row.name} (taken)` : row.name, row.source],
            ...[formatAge(row.createdAt), row.reason],
          ]),
        ),
      );
    });
  addAccountFlags(
    command
      .command("approve <name>")
      .description("give a person who asks an account, with the password they chose"),
  )
    .addHelpText("after", examples)
    .action(async (name: string, { role, group, ...flags }: AccountFlags) => {
      const api = new AdminApi(flags);
      const groups = await listIds(api, group);
      const { id } = await findRequest(api, name);
      const made = await api.post(`/sign-up-requests/${id}/approve`, { role, groups }, userRow);
      printResult(flags.json === true, made, () => `${made.name} may sign in as ${made.role}.\n`);
    });
  addAdminApiFlags(command.command("refuse <name>").description("refuse a person who asks for an account"))
    .addHelpText("after", examples)
    .action(async (name: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name: asked } = await findRequest(api, name);
      await api.remove(`/sign-up-requests/${id}`);
      printResult(flags.json === true, { id, name: asked }, () => `${asked} is refused.\n`);
    });
}

/** Of the link of an invitation. */
export function defineExpires(): Option {
  return new Option("--expires <time>", "how long a link counts: 1h to 30d")
    .argParser(parseDurationSeconds("--expires", 3600))
    .default(THREE_DAYS);
}

function addAccountFlags(command: Command): Command {
  return addAdminApiFlags(command)
    .addOption(new Option("--role <role>", "what it may do").choices(accountRole.options).default("user"))
    .option("--group <name>", "it enters this group; again for each", collectValues);
}

async function listIds(api: AdminApi, names: readonly string[] = []): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) ids.push((await findGroup(api, name)).id);
  return ids;
}

function listRequests(api: AdminApi): Promise<SignUpRow[]> {
  return api.get("/sign-up-requests", z.array(signUpRow));
}

/** By id, or by a name that one of them alone has. */
async function findRequest(api: AdminApi, reference: string): Promise<SignUpRow> {
  const rows = await listRequests(api);
  const byId = rows.find(({ id }) => id === reference);
  if (byId !== undefined) return byId;
  const named = rows.filter(({ name }) => foldName(name) === foldName(reference));
  const [only] = named;
  const list = api.formatCommand("user requests");
  if (only === undefined)
    throw new AdminApiError(
      "SIGN_UP_UNKNOWN",
      `Nobody of this name or id asks for an account. List them: ${list}`,
      ExitCode.failed,
    );
  if (named.length === 1) return only;
  throw new AdminApiError(
    "SIGN_UP_AMBIGUOUS",
    `Several people ask for an account as ${reference}. Name one by id: ${list}`,
    ExitCode.usage,
    named.map(({ id }) => id),
  );
}
