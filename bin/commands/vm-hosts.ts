import type { Command } from "commander";
import { z } from "zod";
import { host, type Host } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { nameProgram } from "../terminal/program-name.ts";
import { findHost } from "./find-named.ts";
import { formatMegabytes } from "./describe-machine.ts";

const DRAIN_EXAMPLES = `
Examples:
  postern vm drain rack-2 --data /var/lib/postern
  postern vm drain rack-2 --undo --data /var/lib/postern
`;

/** The commands about the hosts of machines. */
export function defineHostCommands(command: Command): void {
  addAdminApiFlags(
    command
      .command("hosts")
      .description("where machines run, and what is free there")
      .addHelpText("after", "\nExample:\n  postern vm hosts --data /var/lib/postern\n"),
  ).action(async (flags: AdminApiFlags) => {
    const api = new AdminApi(flags);
    const rows = await api.get("/hosts", z.array(host));
    printResult(
      flags.json === true,
      rows,
      () =>
        formatTable(
          ["HOST", "STATE", "MACHINES", "MEMORY FREE", "DISK FREE", "LOAD", "ID"],
          rows.map(toCells),
        ) + explainWaiting(rows, api),
    );
  });
  addAdminApiFlags(
    command
      .command("drain <host>")
      .description("no new machines on it; those that are there go on")
      .addHelpText("after", DRAIN_EXAMPLES),
  )
    .option("--undo", "machines may come again")
    .action(async (name: string, flags: AdminApiFlags & { readonly undo?: boolean }) => {
      const api = new AdminApi(flags);
      const { id } = await findHost(api, name);
      const drained = flags.undo !== true;
      const changed = await api.post(`/hosts/${encodeURIComponent(id)}/drain`, { drained }, host);
      printResult(flags.json === true, changed, () =>
        drained
          ? `${changed.name} takes no new machines. ${changed.machines} of its machines are on.\n`
          : `${changed.name} takes new machines.\n`,
      );
    });
}

function explainWaiting(rows: readonly Host[], api: AdminApi): string {
  const command = api.formatCommand("agent allow-host HOST");
  const waits = rows.some(({ admitted }) => !admitted);
  return waits ? nameProgram(`\nA host that waits gets no machines. Let it in: ${command}\n`) : "";
}

function describeState({ state, admitted, drained, lastSeenAt }: Host): string {
  if (!admitted) return "waits to be let in";
  if (state === "online") return drained ? "drained" : "online";
  return `down, seen ${formatAge(lastSeenAt ?? 0)}`;
}

function toCells(row: Host): string[] {
  const { name, machines, facts, id } = row;
  const word = describeState(row);
  if (facts === null) return [name, word, String(machines), "", "", "", id];
  const { memoryMb, diskMb, load, instances } = facts;
  return [
    ...[name, word, `${instances.running} of ${instances.max}`],
    ...[
      `${formatMegabytes(memoryMb.free)} of ${formatMegabytes(memoryMb.total)}`,
      formatMegabytes(diskMb.free),
    ],
    ...[load.toFixed(2), id],
  ];
}
