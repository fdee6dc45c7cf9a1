import type { Command } from "commander";
import { z } from "zod";
import { host, type Host } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { findHost } from "./find-named.ts";
import { formatMemory } from "./vm-table.ts";

/** Where machines run. */
export function defineHosts(command: Command): void {
  addClientFlags(command.command("hosts").description("where machines run, and what is free there")).action(
    async (flags: ClientFlags) => {
      const rows = await new AdminApi(flags.data).get("/hosts", z.array(host));
      print(flags.json === true, rows, () =>
        formatTable(
          ["HOST", "STATE", "MACHINES", "MEMORY FREE", "DISK FREE", "LOAD", "ID"],
          rows.map(describe),
        ),
      );
    },
  );
  addClientFlags(
    command.command("drain <host>").description("no new machines on it; those that are there go on"),
  )
    .option("--undo", "machines may come again")
    .action(async (name: string, flags: ClientFlags & { readonly undo?: boolean }) => {
      const api = new AdminApi(flags.data);
      const { id } = await findHost(api, name);
      const drained = flags.undo !== true;
      const changed = await api.post(`/hosts/${encodeURIComponent(id)}/drain`, { drained }, host);
      print(flags.json === true, changed, () =>
        drained
          ? `${changed.name} takes no new machines. ${changed.machines} of its machines are on.\n`
          : `${changed.name} takes new machines.\n`,
      );
    });
}

function describe({ name, state, drained, machines, facts, lastSeenAt, id }: Host): string[] {
  const word =
    state === "online" ? (drained ? "drained" : "online") : `down, seen ${formatAge(lastSeenAt ?? 0)}`;
  if (facts === null) return [name, word, String(machines), "", "", "", id];
  const { memoryMb, diskMb, load, instances } = facts;
  return [
    ...[name, word, `${instances.running} of ${instances.max}`],
    ...[`${formatMemory(memoryMb.free)} of ${formatMemory(memoryMb.total)}`, formatMemory(diskMb.free)],
    ...[load.toFixed(2), id],
  ];
}
