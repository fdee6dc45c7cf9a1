import type { Command } from "commander";
import { joinSecret } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

const EXAMPLES = `
Examples:
  postern join create --data /var/lib/postern
  postern join create --data /var/lib/postern --json | jq -r .secret > join.secret
`;

export function defineJoin(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("create").description("a secret with which one agent or host may join, for an hour"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AdminApiFlags) => {
      const made = await new AdminApi(flags.data).post("/join-secrets", {}, joinSecret);
      printResult(flags.json === true, made, () =>
        [
          `  Join secret   ${made.secret}`,
          `  Fingerprint   ${made.fingerprint}`,
          "",
          "  Put the secret into a file on the host and give it with --join-file. It works once, within an hour.",
          "",
        ].join("\n"),
      );
    });
}
