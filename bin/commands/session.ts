import { Option, type Command } from "commander";
import { z } from "zod";
import { session, type Session } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseInteger } from "../terminal/option-parsers.ts";
import { formatAge, formatByteCount, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

interface ListFlags extends AdminApiFlags {
  readonly state?: string;
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  postern session list --data /var/lib/postern --state open
  postern session list --data /var/lib/postern --json
  postern session end ID --data /var/lib/postern
`;

export function defineSession(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(command.command("list").description("sessions, the newest first"))
    .addOption(new Option("--state <state>", "only these").choices(["open", "closed"]))
    .option("--limit <n>", "at most so many", parseInteger("--limit", 1), 100)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ListFlags) => {
      const query = new URLSearchParams({ limit: String(flags.limit) });
      if (flags.state !== undefined) query.set("state", flags.state);
      const rows = await new AdminApi(flags).get(`/sessions?${query.toString()}`, z.array(session));
      printResult(flags.json === true, rows, () =>
        formatTable(
          [
            "ID",
            "DESKTOP",
            "WHO",
            "STATE",
            "FROM",
            "BY",
            "ROLE",
            "DENIED",
            "STARTED",
            "SENT",
            "RECEIVED",
            "END",
          ],
          rows.map(toCells),
        ),
      );
    });
  addAdminApiFlags(command.command("end <id>").description("end an open session, whichever server it is on"))
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, flags: AdminApiFlags) => {
      await new AdminApi(flags).remove(`/sessions/${encodeURIComponent(id)}`);
      printResult(flags.json === true, { id }, () => `Session ${id} ends.\n`);
    });
}

function describePerson({ method, person }: Session): string {
  if (person === null) return "";
  return method === "token" ? `token of ${person}` : person;
}

function toCells(row: Session): string[] {
  return [
    row.id,
    row.name,
    describePerson(row),
    row.state,
    row.source,
    `${row.method}/${row.transport}`,
    row.role,
    row.denied.join(","),
    formatAge(row.startedAt),
    formatByteCount(row.bytesToViewer),
    formatByteCount(row.bytesToServer),
    row.cause ?? "",
  ];
}
