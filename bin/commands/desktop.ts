import type { Command } from "commander";
import { z } from "zod";
import { desktop } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";

const EXAMPLES = `
Example:
  postern desktop list --data /var/lib/postern --json
`;

export function defineDesktop(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addClientFlags(
    command.command("list").description("every desktop that an agent publishes or has published"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ClientFlags) => {
      const rows = await new AdminApi(flags.data).get("/desktops", z.array(desktop));
      print(flags.json === true, rows, () =>
        formatTable(
          ["NAME", "AGENT", "STATE", "VIEWERS", "ID"],
          rows.map((row) => [row.name, row.agent.name, row.state, String(row.viewers), row.id]),
        ),
      );
    });
}
