import type { Command } from "commander";
import { z } from "zod";
import { image, machine, type Image } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { formatAge, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { defineMachineControl } from "./vm-control.ts";
import { defineMachineCreate } from "./vm-create.ts";
import { defineHostCommands } from "./vm-hosts.ts";
import { defineMachineShow } from "./vm-show.ts";
import { describeState } from "./describe-machine.ts";

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
  defineMachineCreate(command);
  defineMachineLists(command);
  defineMachineShow(command);
  defineMachineControl(command);
  defineHostCommands(command);
}

function defineMachineLists(command: Command): void {
  addAdminApiFlags(command.command("list").description("all machines").addHelpText("after", EXAMPLES)).action(
    async (flags: AdminApiFlags) => {
      const rows = await new AdminApi(flags).get("/machines", z.array(machine));
      printResult(flags.json === true, rows, () =>
        formatTable(
          ["NAME", "IMAGE", "STATE", "CPUS", "MEMORY", "HOST", "SINCE", "ID"],
          rows.map((row) => [
            row.name,
            row.image,
            describeState(row),
            row.cpus === null ? "" : String(row.cpus),
            row.memoryMb === null ? "" : `${row.memoryMb} MB`,
            row.host ?? "",
            formatAge(row.since),
            row.id,
          ]),
        ),
      );
    },
  );
  addAdminApiFlags(
    command.command("images").description("what machines can be made from").addHelpText("after", EXAMPLES),
  ).action(async (flags: AdminApiFlags) => {
    const rows = await new AdminApi(flags).get("/images", z.array(image));
    const listed = rows.map((row) => ({
      ...row,
      name: row.title,
      state: row.available ? "ready" : "missing",
    }));
    printResult(flags.json === true, listed, () =>
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
  });
}

/** `server, rack-1, rack-2` */
function describePlaces({ places }: Image): string {
  const server = places?.server ?? null;
  const word = server === null ? [] : [server === "ready" ? "server" : `server (${server})`];
  return [...word, ...(places?.hosts ?? [])].join(", ");
}
