import type { Command } from "commander";
import { authority, authorityStatus, type AuthorityStatus } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { refuseUnknownCommand } from "../terminal/unknown-command.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

const EXAMPLES = `
Examples:
  postern ca --data /var/lib/postern > postern-ca.pem
  vncviewer -SecurityTypes X509Vnc -X509CA postern-ca.pem desk.example.org::8443
  postern ca rotate --data /var/lib/postern      a new CA; agents and viewers go on with either
  postern ca status --data /var/lib/postern      who does not know it yet
  postern ca retire --data /var/lib/postern      the old one counts no more
`;

/** The commands that show and replace the service's CA. */
export function defineCa(command: Command): void {
  addAdminApiFlags(command);
  command.enablePositionalOptions();
  defineCaCommand(command, "status", "which CA the service has, and who does not know it yet", (api) =>
    api.get("/ca/status", authorityStatus),
  );
  defineCaCommand(
    command,
    "rotate",
    "put a new CA in its place; nobody's trust in the old one breaks",
    (api) => api.post("/ca/rotate", {}, authorityStatus),
  );
  const force = "though agents that were away will have to be told the new fingerprint by hand";
  defineCaCommand(command, "retire", "let the CA before this one count no more", (api, flags) =>
    api.post("/ca/retire", { force: flags.force === true }, authorityStatus),
  ).option("--force", force);
  command
    .usage("[options]  |  status|rotate|retire …")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments()
    .action(async (flags: AdminApiFlags) => {
      refuseUnknownCommand(command);
      const found = await new AdminApi(flags).get("/ca", authority);
      printResult(flags.json === true, found, () => found.certificate);
    });
}

interface CaFlags extends AdminApiFlags {
  readonly force?: boolean;
}

function defineCaCommand(
  command: Command,
  name: string,
  description: string,
  act: (api: AdminApi, flags: CaFlags) => Promise<AuthorityStatus>,
): Command {
  return addAdminApiFlags(command.command(name).description(description))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CaFlags) => {
      const status = await act(new AdminApi(flags), flags);
      printResult(flags.json === true, status, () => describeStatus(status));
    });
}

function describeStatus({ fingerprint, previous, behind }: AuthorityStatus): string {
  const lines = [`  Fingerprint  ${fingerprint}`];
  if (previous) {
    const since = new Date(previous.rotatedAt).toISOString();
    lines.push(
      `  Before       ${previous.fingerprint}`,
      `  Rotated      ${since}; the one before still counts`,
    );
  }
  if (behind.length > 0) {
    const seen = (at: number | null): string => (at === null ? "never" : formatAge(at));
    const rows = behind.map(({ name, lastSeenAt, id }) => [name, seen(lastSeenAt), id]);
    lines.push(
      "",
      "Agents that have not been here since:",
      formatTable(["NAME", "SEEN", "ID"], rows).trimEnd(),
    );
  } else if (previous) lines.push("", "Every agent has been here since: the one before can be retired.");
  return `${lines.join("\n")}\n`;
}
