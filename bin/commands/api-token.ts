import { Option, type Command } from "commander";
import { z } from "zod";
import { apiScope, apiTokenRow, createdApiToken } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { collectValues, parseDurationSeconds } from "../terminal/option-parsers.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findUser } from "./find-named.ts";

interface OwnerFlags extends AdminApiFlags {
  readonly for?: string;
}

interface CreateFlags extends OwnerFlags {
  readonly name: string;
  readonly scope: string[];
  readonly ttl: number;
  readonly source?: string[];
}

const MONTH_SECONDS = 2_592_000;
const EXAMPLES = `
Examples:
  postern api-token create --name backup --scope read --ttl 30d --data /var/lib/postern --json
  postern user add ci --role operator --service --data /var/lib/postern
  postern api-token create --name pipeline --scope read --scope machines --for ci --source 192.0.2.0/24 --data /var/lib/postern
  postern api-token list --for ci --data /var/lib/postern
  postern api-token revoke ID --for ci --data /var/lib/postern

Scopes: read (lists, states, pictures), machines (make, run and remove machines, snapshots, disks), desktops (connect, and let
others connect), admin (everything else that the account's role may). A token never may more than its account.
`;

export function defineApiToken(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addOwnerFlags(command.command("create").description("a token for programs; its value is told this once"))
    .requiredOption("--name <name>", "what it is for")
    .addOption(
      new Option("--scope <scope>", "what it may do; several times for more")
        .choices(apiScope.options)
        .argParser(collectValues)
        .makeOptionMandatory(),
    )
    .option(
      "--ttl <time>",
      "how long it works: 30m, 8h, 30d, up to a year",
      parseDurationSeconds("--ttl", 60),
      MONTH_SECONDS,
    )
    .option("--source <range>", "only from this address or network; several times for more", collectValues)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CreateFlags) => {
      const api = new AdminApi(flags);
      const { name, scope: scopes, ttl: ttlSeconds, source: sources = [] } = flags;
      const path = await locateTokens(api, flags);
      const made = await api.post(path, { name, scopes, ttlSeconds, sources }, createdApiToken);
      printResult(flags.json === true, made, () =>
        [
          `  Token     ${made.token}`,
          `  May       ${made.scopes.join(", ")}`,
          `  Expires   ${new Date(made.expiresAt).toISOString()}`,
          "",
          "It is shown this once. Programs send it as `Authorization: Bearer TOKEN`.",
          "",
        ].join("\n"),
      );
    });
  addOwnerFlags(command.command("list").description("tokens that work; never their values"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: OwnerFlags) => {
      const api = new AdminApi(flags);
      const rows = await api.get(await locateTokens(api, flags), z.array(apiTokenRow));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["ID", "NAME", "MAY", "FROM", "EXPIRES", "LAST USED"],
          rows.map((row) => [
            row.id,
            row.name,
            row.scopes.join(","),
            row.sources.join(","),
            new Date(row.expiresAt).toISOString(),
            row.lastUsedAt === null ? "never" : formatAge(row.lastUsedAt),
          ]),
        ),
      );
    });
  addOwnerFlags(command.command("revoke <id>").description("end a token; what it has open ends with it"))
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: OwnerFlags) => {
      const api = new AdminApi(flags);
      await api.remove(`${await locateTokens(api, flags)}/${encodeURIComponent(id)}`);
      printResult(flags.json === true, { id }, () => `API token ${id} is revoked.\n`);
    });
}

function addOwnerFlags(command: Command): Command {
  return addAdminApiFlags(command).option(
    "--for <account>",
    "of this account; to make one: a service account",
  );
}

async function locateTokens(api: AdminApi, { for: account }: OwnerFlags): Promise<string> {
  return account === undefined ? "/me/api-tokens" : `/users/${(await findUser(api, account)).id}/api-tokens`;
}
