import type { Command } from "commander";
import { z } from "zod";
import { desktop } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { findDesktop } from "./find-named.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

const EXAMPLES = `
Examples:
  postern desktop list --data /var/lib/postern --json
  postern desktop label lab-host-3/office room-12 windows --data /var/lib/postern
  postern desktop remove lab-host-3/office --data /var/lib/postern
`;

export function defineDesktop(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("list").description("every desktop that an agent publishes or has published"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AdminApiFlags) => {
      const rows = await new AdminApi(flags).get("/desktops", z.array(desktop));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["NAME", "AGENT", "STATE", "VIEWERS", "ID"],
          rows.map((row) => [row.name, row.agent.name, row.state, String(row.viewers), row.id]),
        ),
      );
    });
  addAdminApiFlags(
    command
      .command("label <desktop> [labels...]")
      .description(
        "its labels, in place of those of before, for grants on label:NAME; none of them: it has none",
      ),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, labels: string[], flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name } = await findDesktop(api, wanted);
      await api.put(`/desktops/${encodeURIComponent(id)}/labels`, { labels });
      printResult(flags.json === true, { id, name, labels }, () => `${name} has these labels now.\n`);
    });
  addAdminApiFlags(
    command
      .command("remove <desktop>")
      .description("take a desktop that is gone out of the list, with its tokens; by id, NAME or AGENT/NAME"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (wanted: string, flags: AdminApiFlags) => {
      const api = new AdminApi(flags);
      const { id, name } = await findDesktop(api, wanted);
      await api.remove(`/desktops/${encodeURIComponent(id)}`);
      printResult(flags.json === true, { id, name }, () => `Removed ${name}.\n`);
    });
}
