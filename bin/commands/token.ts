import { Option, type Command } from "commander";
import { z } from "zod";
import { token, tokenRow } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { parseNumber } from "../terminal/arguments.ts";
import { formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";

interface CreateFlags extends ClientFlags {
  readonly desktop: string;
  readonly role: string;
  readonly ttl: number;
}

const EXAMPLES = `
Examples:
  postern token create --data /var/lib/postern --desktop lab-1
  postern token create --data /var/lib/postern --desktop lab-1 --role view --ttl 600 --json
  postern token list --data /var/lib/postern
`;

export function defineToken(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addClientFlags(command.command("create").description("a token: type it into any VNC viewer's password box"))
    .requiredOption("--desktop <name>", "NAME, or AGENT/NAME where two share a name")
    .addOption(
      new Option("--role <role>", "what its holder may do").choices(["view", "control"]).default("control"),
    )
    .option("--ttl <seconds>", "how long it works", parseNumber("--ttl", 1), 3600)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CreateFlags) => {
      const { desktop, role, ttl } = flags;
      const made = await new AdminApi(flags.data).post("/tokens", { desktop, role, ttlSeconds: ttl }, token);
      print(flags.json === true, made, () =>
        [
          `  Token     ${made.token}`,
          `  Address   ${made.address ?? "no plain VNC listener on this server"}`,
          `  Expires   ${new Date(made.expiresAt).toISOString()}`,
          "",
        ].join("\n"),
      );
    });
  addClientFlags(command.command("list").description("tokens that live; never their values")).action(
    async (flags: ClientFlags) => {
      const rows = await new AdminApi(flags.data).get("/tokens", z.array(tokenRow));
      print(flags.json === true, rows, () =>
        formatTable(
          ["ID", "DESKTOP", "ROLE", "STATE", "EXPIRES"],
          rows.map((row) => [
            row.id,
            row.desktop,
            row.role,
            row.state,
            new Date(row.expiresAt).toISOString(),
          ]),
        ),
      );
    },
  );
  addClientFlags(command.command("revoke <id>").description("end a token before its time")).action(
    async (id: string, flags: ClientFlags) => {
      await new AdminApi(flags.data).remove(`/tokens/${encodeURIComponent(id)}`);
      print(flags.json === true, { id }, () => `Token ${id} is revoked.\n`);
    },
  );
}
