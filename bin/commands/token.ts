import { Option, type Command } from "commander";
import { z } from "zod";
import { token, tokenRow } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseDurationSeconds } from "../terminal/option-parsers.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { createDenyOption, type DeniedPermission } from "./deny-option.ts";

interface CreateFlags extends AdminApiFlags {
  readonly desktop: string;
  readonly role: string;
  readonly ttl: number;
  readonly deny: DeniedPermission[];
}

interface ChangeFlags extends AdminApiFlags {
  readonly role?: string;
  readonly deny?: DeniedPermission[];
}

const EXAMPLES = `
Examples:
  postern token create --data /var/lib/postern --desktop lab-1
  postern token create --data /var/lib/postern --desktop lab-1 --role view --ttl 10m --json
  postern token create --data /var/lib/postern --desktop lab-1 --deny clipboard-out,power
  postern token change ID --data /var/lib/postern --role view
  postern token revoke ID --data /var/lib/postern
  postern token list --data /var/lib/postern
`;

export function defineToken(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("create").description("a token: type it into any VNC viewer's password box"),
  )
    .requiredOption("--desktop <name>", "NAME, or AGENT/NAME where two share a name")
    .addOption(
      new Option("--role <role>", "what its holder may do").choices(["view", "control"]).default("control"),
    )
    .addOption(createDenyOption().default([], "nothing"))
    .option(
      "--ttl <time>",
      "how long it works: seconds, or 30m, 8h, 2d",
      parseDurationSeconds("--ttl", 1),
      3600,
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CreateFlags) => {
      const { desktop, role, ttl, deny } = flags;
      const request = { desktop, role, deny, ttlSeconds: ttl };
      const made = await new AdminApi(flags).post("/tokens", request, token);
      printResult(flags.json === true, made, () =>
        [
          `  Token     ${made.token}`,
          `  Address   ${made.address ?? "no plain VNC listener on this server"}`,
          `  Expires   ${new Date(made.expiresAt).toISOString()}`,
          "",
        ].join("\n"),
      );
    });
  addAdminApiFlags(
    command
      .command("list")
      .description("tokens that live; never their values")
      .addHelpText("after", EXAMPLES),
  ).action(async (flags: AdminApiFlags) => {
    const rows = await new AdminApi(flags).get("/tokens", z.array(tokenRow));
    printResult(flags.json === true, rows, () =>
      formatTable(
        ["ID", "DESKTOP", "ROLE", "DENIED", "STATE", "EXPIRES"],
        rows.map((row) => [
          row.id,
          row.desktop,
          row.role,
          row.denied.join(","),
          row.state,
          new Date(row.expiresAt).toISOString(),
        ]),
      ),
    );
  });
  addAdminApiFlags(
    command
      .command("change <id>")
      .description("change what a token allows; its sessions end and may come back"),
  )
    .addOption(new Option("--role <role>", "what its holder may do").choices(["view", "control"]))
    .addOption(createDenyOption())
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: ChangeFlags) => {
      const { role, deny } = flags;
      const path = `/tokens/${encodeURIComponent(id)}`;
      const row = await new AdminApi(flags).patch(path, { role, deny }, tokenRow);
      printResult(flags.json === true, row, () => `Token ${id} is changed.\n`);
    });
  addAdminApiFlags(
    command.command("revoke <id>").description("end a token before its time").addHelpText("after", EXAMPLES),
  ).action(async (id: string, flags: AdminApiFlags) => {
    await new AdminApi(flags).remove(`/tokens/${encodeURIComponent(id)}`);
    printResult(flags.json === true, { id }, () => `Token ${id} is revoked.\n`);
  });
}
