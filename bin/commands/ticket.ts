import { Option, type Command } from "commander";
import { ticket } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { createDenyOption, type DeniedPermission } from "./deny-option.ts";

interface CreateFlags extends AdminApiFlags {
  readonly desktop: string;
  readonly role: string;
  readonly deny: DeniedPermission[];
}

const EXAMPLES = `
Example:
  postern ticket create --data /var/lib/postern --desktop lab-1 --json
  then, in a page or a program:  new WebSocket(ticket.url, ticket.protocols)
`;

export function defineTicket(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("create").description("a ticket for one WebSocket connection within 60 seconds"),
  )
    .requiredOption("--desktop <name>", "NAME, or AGENT/NAME where two share a name")
    .addOption(
      new Option("--role <role>", "what its holder may do").choices(["view", "control"]).default("control"),
    )
    .addOption(createDenyOption().default([], "nothing"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CreateFlags) => {
      const { desktop, role, deny } = flags;
      const made = await new AdminApi(flags).post("/tickets", { desktop, role, deny }, ticket);
      printResult(
        flags.json === true,
        made,
        () => `  URL         ${made.url}\n  Protocols   ${made.protocols.join(", ")}\n`,
      );
    });
}
