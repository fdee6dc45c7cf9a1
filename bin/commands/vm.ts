import type { Command } from "commander";
import { z } from "zod";
import { image, machine } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { defineActs } from "./vm-acts.ts";
import { defineCreate } from "./vm-create.ts";
import { defineHosts } from "./vm-hosts.ts";
import { defineShow } from "./vm-show.ts";

const EXAMPLES = `
Examples:
  postern vm images --data /var/lib/postern
  postern vm create memtest86+ --name check-1 --data /var/lib/postern --wait
  postern vm list --data /var/lib/postern --json
  postern vm snapshot create ID before-update --data /var/lib/postern
  postern vm stop ID --data /var/lib/postern
  postern vm drain rack-2 --data /var/lib/postern
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
          row.state,
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
          ["IMAGE", "TITLE", "MEMORY", "STATE"],
          rows.map((row) => [
            row.id,
            row.title,
            `${row.memoryMb.default} MB`,
            row.available ? "ready" : (row.reason ?? ""),
          ]),
        ),
      );
    },
  );
}
