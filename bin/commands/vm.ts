import type { Command } from "commander";
import { z } from "zod";
import { image, machine, type Machine } from "../../web/index.ts";
import { AdminApi, ApiError } from "../admin-api.ts";
import { parseNumber } from "../terminal/arguments.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { formatAge, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";

interface CreateFlags extends ClientFlags {
  readonly name?: string;
  readonly cpus?: number;
  readonly memory?: number;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  postern vm images --data /var/lib/postern
  postern vm create memtest86+ --name check-1 --data /var/lib/postern --wait
  postern vm list --data /var/lib/postern --json
  postern vm stop ID --data /var/lib/postern
`;

const WAIT_POLL_MS = 300;
const WAIT_LIMIT_MS = 300_000;

export function defineVm(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addClientFlags(
    command.command("create <image>").description("a new machine; its desktop has the machine's name"),
  )
    .option("--name <name>", "default: the image's name and a number")
    .option("--cpus <n>", "processors", parseNumber("--cpus", 1))
    .option("--memory <mb>", "memory in MB", parseNumber("--memory", 16))
    .option("--wait", "return when it runs, or has failed")
    .addHelpText("after", EXAMPLES)
    .action(async (imageId: string, flags: CreateFlags) => {
      const api = new AdminApi(flags.data);
      const { name, cpus, memory } = flags;
      const created = await api.post("/machines", { image: imageId, name, cpus, memoryMb: memory }, machine);
      const shown = flags.wait === true ? await waitUntilSettled(api, created) : created;
      print(flags.json === true, shown, () => describeMachine(shown));
      if (shown.state === "failed") process.exitCode = ExitCode.failed;
    });
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
  defineAct(command, "start", "switch a stopped machine on again");
  addClientFlags(
    command.command("stop <id>").description("press its power button; after a while it is switched off"),
  )
    .option("--force", "switch it off now")
    .action(async (id: string, flags: ClientFlags & { readonly force?: boolean }) => {
      const body = { force: flags.force === true };
      const stopped = await new AdminApi(flags.data).post(
        `/machines/${encodeURIComponent(id)}/stop`,
        body,
        machine,
      );
      print(flags.json === true, stopped, () => describeMachine(stopped));
    });
  addClientFlags(command.command("remove <id>").description("delete a machine and its disk")).action(
    async (id: string, flags: ClientFlags) => {
      await new AdminApi(flags.data).remove(`/machines/${encodeURIComponent(id)}`);
      print(flags.json === true, { id }, () => `Machine ${id} is removed.\n`);
    },
  );
}

function defineAct(command: Command, act: string, summary: string): void {
  addClientFlags(command.command(`${act} <id>`).description(summary)).action(
    async (id: string, flags: ClientFlags) => {
      const changed = await new AdminApi(flags.data).post(
        `/machines/${encodeURIComponent(id)}/${act}`,
        {},
        machine,
      );
      print(flags.json === true, changed, () => describeMachine(changed));
    },
  );
}

function describeMachine(row: Machine): string {
  const reason = row.reason === null ? "" : `  ${row.reason}\n`;
  return `  ${row.name}: ${row.state}\n${reason}  Id ${row.id}\n`;
}

async function waitUntilSettled(api: AdminApi, created: Machine): Promise<Machine> {
  const started = Date.now();
  let last = created;
  while (last.state !== "running" && last.state !== "failed") {
    if (Date.now() - started > WAIT_LIMIT_MS) {
      throw new ApiError(
        "WAIT_TIMEOUT",
        `${last.name} is still ${last.state} after 5 minutes.`,
        ExitCode.failed,
      );
    }
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${last.name}: ${last.state}`);
    await new Promise((resolve) => setTimeout(resolve, WAIT_POLL_MS));
    last = await api.get(`/machines/${encodeURIComponent(created.id)}`, machine);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  return last;
}
