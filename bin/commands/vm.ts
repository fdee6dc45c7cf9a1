import type { Command } from "commander";
import { z } from "zod";
import { image, machine, type Image } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { defineActs } from "./vm-acts.ts";
import { defineCreate } from "./vm-create.ts";
import { defineHosts } from "./vm-hosts.ts";
import { defineShow } from "./vm-show.ts";
import { describeState } from "./vm-table.ts";

const EXAMPLES = `
Examples:
  postern vm images --data /var/lib/postern
  postern vm create memtest86+ --name check-1 --data /var/lib/postern --wait
  postern vm list --data /var/lib/postern --json
  postern vm snapshot create check-1 before-update --data /var/lib/postern
  postern vm stop check-1 --data /var/lib/postern
  postern vm drain rack-2 --data /var/lib/postern

A machine is named by its name or its id.
`;

export function defineVm(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  defineCreate(command);
  defineLists(command);
  defineShow(command);
  defineActs(command);
  defineHosts(command);
}

function defineLists(command: Command): void {
  addClientFlags(command.command("list").description("all machines")).action(async (flags: ClientFlags) => {
    const rows = await new AdminApi(flags.data).get("/machines", z.array(machine));
    print(flags.json === true, rows, () =>
      formatTable(
        ["NAME", "IMAGE", "STATE", "CPUS", "MEMORY", "HOST", "SINCE", "ID"],
        rows.map((row) => [
          row.name,
          row.image,
          describeState(row),
          String(row.cpus),
          `${row.memoryMb} MB`,
          row.host ?? "",
          formatAge(row.since),
          row.id,
        ]),
      ),
    );
  });
  addClientFlags(command.command("images").description("what machines can be made from")).action(
    async (flags: ClientFlags) => {
      const rows = await new AdminApi(flags.data).get("/images", z.array(image));
      const listed = rows.map((row) => ({
        ...row,
        name: row.title,
        state: row.available ? "ready" : "missing",
      }));
      print(flags.json === true, listed, () =>
        formatTable(
          ["IMAGE", "TITLE", "MEMORY", "WHERE", "STATE"],
          rows.map((row) => [
            row.id,
            row.title,
            `${row.memoryMb.default} MB`,
            describePlaces(row),
            row.available ? "ready" : (row.reason ?? ""),
          ]),
        ),
      );
    },
  );
}

/** `server, rack-1, rack-2` */
function describePlaces({ places }: Image): string {
  const server = places?.server ?? null;
  const word = server === null ? [] : [server === "ready" ? "server" : `server (${server})`];
  return [...word, ...(places?.hosts ?? [])].join(", ");
}
