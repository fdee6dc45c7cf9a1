import type { Command } from "commander";
import { joinSecret } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";

const EXAMPLES = `
Examples:
  postern join create --data /var/lib/postern
  postern join create --data /var/lib/postern --json | jq -r .secret > join.secret
`;

export function defineJoin(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addClientFlags(
    command.command("create").description("a secret with which one agent or host may join, for an hour"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ClientFlags) => {
      const made = await new AdminApi(flags.data).post("/join-secrets", {}, joinSecret);
      print(flags.json === true, made, () =>
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
