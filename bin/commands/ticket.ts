import { Option, type Command } from "commander";
import { ticket } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { denyOption, type Permission } from "./policy-options.ts";

interface CreateFlags extends ClientFlags {
  readonly desktop: string;
  readonly role: string;
  readonly deny: Permission[];
}

const EXAMPLES = `
Example:
  postern ticket create --data /var/lib/postern --desktop lab-1 --json
  then, in a page or a program:  new WebSocket(ticket.url, ticket.protocols)
`;

export function defineTicket(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addClientFlags(
    command.command("create").description("a ticket for one WebSocket connection within 60 seconds"),
  )
    .requiredOption("--desktop <name>", "NAME, or AGENT/NAME where two share a name")
    .addOption(
      new Option("--role <role>", "what its holder may do").choices(["view", "control"]).default("control"),
    )
    .addOption(denyOption().default([], "nothing"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CreateFlags) => {
      const { desktop, role, deny } = flags;
      const made = await new AdminApi(flags.data).post("/tickets", { desktop, role, deny }, ticket);
      print(
        flags.json === true,
        made,
        () => `  URL         ${made.url}\n  Protocols   ${made.protocols.join(", ")}\n`,
      );
    });
}
