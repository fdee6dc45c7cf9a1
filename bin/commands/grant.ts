import { Option, type Command } from "commander";
import { z } from "zod";
import { grantRow, type GrantRow } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseInteger } from "../terminal/option-parsers.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

interface AddFlags extends AdminApiFlags {
  readonly to: string;
  readonly may: string;
  readonly on: string;
}

interface ListFlags extends AdminApiFlags {
  readonly to?: string;
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  postern grant add --to group:teachers --may control --on desktop:lab-* --data /var/lib/postern
  postern grant add --to user:anna --may view --on desktop:lab-host-3/office --data /var/lib/postern
  postern grant add --to group:students --may see --on label:room-12 --data /var/lib/postern
  postern grant add --to group:teachers --may create --on image:windows-* --data /var/lib/postern
  postern grant add --to user:mallory --may none --on host:* --data /var/lib/postern
  postern grant list --to group:teachers --data /var/lib/postern
  postern grant remove ID --data /var/lib/postern

see: name and state; view: the picture; control: keyboard, mouse and power; manage: snapshots, boot log, removal; each includes those
before it. create: machines from an image:, or on a host: or label:, which is then for those alone who were granted it.
none: nothing, whatever other grants say. Names may have * (anything) and ? (one character).
`;

export function defineGrant(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(command.command("add").description("let a person or a group do something"))
    .requiredOption("--to <who>", "user:NAME or group:NAME")
    .addOption(
      new Option("--may <right>", "what")
        .choices(["see", "view", "control", "manage", "create", "none"])
        .makeOptionMandatory(),
    )
    .requiredOption("--on <what>", "desktop:NAME, desktop:AGENT/NAME, host:NAME, image:NAME or label:NAME")
    .addHelpText("after", EXAMPLES)
    .action(async ({ to, may, on, ...flags }: AddFlags) => {
      const made = await new AdminApi(flags).post("/grants", { to, may, on }, grantRow);
      printResult(flags.json === true, made, () => formatGrants([made]));
    });
  addAdminApiFlags(command.command("list").description("what was granted, the oldest first"))
    .option("--to <who>", "only to user:NAME or group:NAME")
    .option("--limit <n>", "at most so many", parseInteger("--limit", 1), 1000)
    .addHelpText("after", EXAMPLES)
    .action(async ({ to, limit, ...flags }: ListFlags) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (to !== undefined) query.set("to", to);
      const rows = await new AdminApi(flags).get(`/grants?${query.toString()}`, z.array(grantRow));
      printResult(flags.json === true, rows, () => formatGrants(rows));
    });
  addAdminApiFlags(command.command("remove <id>").description("take it back; sessions by it end"))
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: AdminApiFlags) => {
      await new AdminApi(flags).remove(`/grants/${encodeURIComponent(id)}`);
      printResult(flags.json === true, { id }, () => `Grant ${id} is removed.\n`);
    });
}

function formatGrants(rows: readonly GrantRow[]): string {
  return formatTable(
    ["ID", "TO", "MAY", "ON"],
    rows.map(({ id, to, may, on }) => [id, `${to.kind}:${to.name}`, may, `${on.kind}:${on.pattern}`]),
  );
}
