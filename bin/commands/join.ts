import type { Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { joinSecret, type JoinSecretInput } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { printResult } from "../terminal/output.ts";
import { nameProgram } from "../terminal/program-name.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

const EXAMPLES = `
Examples:
  postern join create --data /var/lib/postern
  postern join create --host --admit --data /var/lib/postern
  postern join create --data /var/lib/postern --json | jq -r .secret > join.secret
`;

interface JoinFlags extends AdminApiFlags {
  readonly host?: boolean;
  readonly admit?: boolean;
}

export function defineJoin(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("create").description("a secret with which one agent or host may join, for an hour"),
  )
    .option("--host", "for a host that runs machines; without it: for an agent that publishes desktops")
    .option("--admit", "with --host: it may have machines at once, and need not be let in")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: JoinFlags) => {
      const isHost = flags.host === true;
      if (flags.admit === true && !isHost)
        throw new ConfigError("ADMIT_WITHOUT_HOST", "--admit goes with --host: only a host is let in.");
      const wanted: JoinSecretInput = { role: isHost ? "host" : "agent", admit: flags.admit === true };
      const api = new AdminApi(flags);
      const made = await api.post("/join-secrets", wanted, joinSecret);
      const text = (): string =>
        [
          `  Join secret   ${made.secret}`,
          `  Fingerprint   ${made.fingerprint}`,
          "",
          `  Put the secret into a file there and give it to \`postern ${made.role}\` with --join-file. It works once, within an hour.`,
          ...(isHost && !made.admit
            ? [`  The host gets machines once you let it in: ${api.formatCommand("agent allow-host NAME")}`]
            : []),
          "",
        ].join("\n");
      printResult(flags.json === true, made, () => nameProgram(text()));
    });
}
