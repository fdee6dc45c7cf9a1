import { InvalidArgumentError, type Command } from "commander";
import { z } from "zod";
import { disk } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatByteCount, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findHost } from "./find-named.ts";

const EXAMPLES = `
Examples:
  postern disk list --data /var/lib/postern
  postern disk remove anna/home --data /var/lib/postern      for ever
  postern disk move anna/home --to lab-2 --data /var/lib/postern
`;

export function defineDisk(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(command.command("list").description("people's data disks on the hosts that are connected"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AdminApiFlags) => {
      const rows = await new AdminApi(flags).get("/disks", z.array(disk));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["DISK", "SIZE", "TAKES", "HOST", "STATE", "MACHINE", "USED"],
          rows.map((row) => [
            ...[`${row.owner}/${row.name}`, `${row.sizeGb} GB`, formatByteCount(row.bytes), row.host ?? ""],
            ...[row.state, row.machine ?? "", formatAge(row.usedAt)],
          ]),
        ),
      );
    });
  addAdminApiFlags(
    command.command("remove").argument("<owner/name>", "", parseDisk).description("delete a disk for ever"),
  )
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: AdminApiFlags) => {
      await new AdminApi(flags).remove(`/disks/${path}`);
      printResult(flags.json === true, { removed: true }, () => "The data disk is deleted.\n");
    });
  addAdminApiFlags(
    command
      .command("move")
      .argument("<owner/name>", "", parseDisk)
      .description("bring a disk to another host"),
  )
    .requiredOption("--to <host>", "the host's name or id")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: AdminApiFlags & { readonly to: string }) => {
      const api = new AdminApi(flags);
      const { id } = await findHost(api, flags.to);
      await api.post(`/disks/${path}/move`, { host: id }, z.unknown());
      printResult(
        flags.json === true,
        { moving: true },
        () => "The data disk is on its way. `disk list` shows it.\n",
      );
    });
}

/** The disk's path in the API. A name contains no slash, but an owner may. */
function parseDisk(text: string): string {
  const at = text.lastIndexOf("/");
  if (at < 1) throw new InvalidArgumentError("Say OWNER/NAME, as `disk list` shows it.");
  return `${encodeURIComponent(text.slice(0, at))}/${encodeURIComponent(text.slice(at + 1))}`;
}
