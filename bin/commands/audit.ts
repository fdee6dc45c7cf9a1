import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { z } from "zod";
import { queryAudit } from "../../proxy/index.ts";
import { auditEvent, auditKey, type AuditRow } from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { parseInteger, parseTime } from "../terminal/option-parsers.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { formatTable, printResult } from "../terminal/output.ts";
import { defineAuditVerify } from "./audit-verify.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

interface ListFlags extends AdminApiFlags {
  readonly since?: number;
  readonly until?: number;
  readonly action?: string;
  readonly actor?: string;
  readonly desktop?: string;
  readonly outcome?: "success" | "failure";
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  postern audit list --data /var/lib/postern --since 2h --outcome failure
  postern audit list --data /var/lib/postern --action session --desktop lab-1 --json
  postern audit verify --data /var/lib/postern
  postern audit key --data /var/lib/postern > audit.pub

Reading the log of a running server is written into the log.
`;

export function defineAudit(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  const since = new Date();
  addAdminApiFlags(command.command("list").description("who did what, the newest first"))
    .option(
      "--since <time>",
      "from then on: 2h, 7d, 2026-01-31T12:00Z",
      parseTime("--since", since.getTime()),
    )
    .option("--until <time>", "up to then", parseTime("--until", since.getTime()))
    .option("--action <action>", "session.start, or session for all that begin so")
    .option("--actor <user>", "a user's name or id")
    .option("--desktop <desktop>", "a desktop's name or id")
    .addOption(new Option("--outcome <outcome>", "only these").choices(["success", "failure"]))
    .option("--limit <n>", "at most so many, up to 1000", parseLimit, 100)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ListFlags) => {
      const rows = await readRows(flags);
      printResult(flags.json === true, rows, () =>
        formatTable(["TIME", "ACTION", "OUTCOME", "REASON", "WHO", "FROM", "WHAT"], rows.map(toCells)),
      );
    });
  addAdminApiFlags(command.command("key").description("the public key that checkpoints are checked with"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AdminApiFlags) => {
      const key = await new AdminApi(flags).get("/audit/key", auditKey);
      printResult(flags.json === true, key, () => key.publicKey);
    });
  defineAuditVerify(command);
}

function parseLimit(text: string): number {
  const limit = parseInteger("--limit", 1)(text);
  if (limit > 1000) throw new InvalidArgumentError("At most 1000; narrow the time with --since and --until.");
  return limit;
}

/** A running server reads its own log and audits the access. Without a server, the files are read here. */
async function readRows(flags: ListFlags): Promise<AuditRow[]> {
  const { since, until, action, actor, desktop, outcome, limit } = flags;
  const query = {
    limit,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(action !== undefined && { action }),
    ...(actor !== undefined && { actor }),
    ...(desktop !== undefined && { desktop }),
    ...(outcome !== undefined && { outcome }),
  };
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  try {
    return await new AdminApi(flags).get(`/audit?${search.toString()}`, z.array(auditEvent));
  } catch (error) {
    if (!(error instanceof AdminApiError) || error.exitCode !== ExitCode.unreachable) throw error;
    if (flags.data === undefined || flags.server !== undefined) throw error;
    const events = await queryAudit(resolve(flags.data), query).catch(() => {
      throw error;
    });
    return events.map(({ sequence, action: name, outcome: state, ...rest }) => {
      return { id: String(sequence), name, state, ...rest };
    });
  }
}

/** A person, the person whose token it was, or an agent. */
function describeActor({ name, actor, tokenId, tokenOwner, agentId }: AuditRow): string {
  if (actor.name !== null || actor.id !== null) return actor.name ?? actor.id ?? "";
  if (tokenOwner !== null) return `token of ${tokenOwner}`;
  if (tokenId !== null) return `token ${shortenId(tokenId)}`;
  return agentId === null || name.startsWith("machine.") ? "" : `agent ${shortenId(agentId)}`;
}

/** Enough of an id to tell it from the others; `--json` has all of it. */
function shortenId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 8)}…` : id;
}

function toCells(row: AuditRow): string[] {
  return [
    new Date(row.at).toISOString(),
    row.name,
    row.state,
    row.reason ?? "",
    describeActor(row),
    [row.source.address, row.otherSource.address].filter((address) => address !== null).join(" and "),
    row.target.name ??
      row.group.name ??
      row.desktop.name ??
      row.machineName ??
      row.diskName ??
      row.desktop.id ??
      row.machineId ??
      "",
  ];
}
