import type { Command } from "commander";
import { z } from "zod";
import { bootLog, image, machine, snapshot, type Snapshot } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { parseSeconds } from "../terminal/arguments.ts";
import { formatAge, formatBytes, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { describeMachine } from "./vm-table.ts";

const ACTS = {
  start: "switch a stopped machine on again; a saved one goes on where it was",
  pause: "let its processors stand still",
  resume: "let a paused machine go on",
  reset: "press its reset button",
  save: "put its memory on disk and switch it off",
} as const;

/** What can be done with one machine. */
export function defineActs(command: Command): void {
  for (const [act, summary] of Object.entries(ACTS)) defineAct(command, act, summary);
  addClientFlags(
    command.command("stop <id>").description("press its power button; after a while it is switched off"),
  )
    .option("--force", "switch it off now")
    .action((id: string, flags: ClientFlags & { readonly force?: boolean }) =>
      act(flags, id, "stop", { force: flags.force === true }),
    );
  addClientFlags(command.command("extend <id>").description("give it more time, from now on"))
    .option("--by <time>", "seconds, or 30m, 8h, 2d; default: its lifetime", parseSeconds("--by", 60))
    .action((id: string, flags: ClientFlags & { readonly by?: number }) =>
      act(flags, id, "extend", { seconds: flags.by }),
    );
  addClientFlags(command.command("close <id>").description("end a one-shot machine at once")).action(
    async (id: string, flags: ClientFlags) => {
      await new AdminApi(flags.data).post(`${pathOf(id)}/close`, {}, z.unknown());
      print(flags.json === true, { id }, () => `Machine ${id} ends.\n`);
    },
  );
  addClientFlags(command.command("remove <id>").description("delete a machine and its disk")).action(
    async (id: string, flags: ClientFlags) => {
      await new AdminApi(flags.data).remove(pathOf(id));
      print(flags.json === true, { id }, () => `Machine ${id} is removed.\n`);
    },
  );
  addClientFlags(
    command.command("boot-log <id>").description("the end of what it wrote to its serial port"),
  ).action(async (id: string, flags: ClientFlags) => {
    const log = await new AdminApi(flags.data).get(`${pathOf(id)}/boot-log`, bootLog);
    print(flags.json === true, log, () => (log.text.endsWith("\n") ? log.text : `${log.text}\n`));
  });
  addClientFlags(
    command
      .command("save-as-image <id> <image>")
      .description("make a stopped machine's disk an image of its host"),
  )
    .option("--title <title>", "what people see; default: the image's name")
    .action(async (id: string, name: string, flags: ClientFlags & { readonly title?: string }) => {
      const body = { image: name, title: flags.title ?? name };
      const made = await new AdminApi(flags.data).post(`${pathOf(id)}/save-as-image`, body, image);
      print(flags.json === true, made, () => `Image ${made.id} is there.\n`);
    });
  defineSnapshots(command.command("snapshot").description("states of a machine to go back to"));
}

function defineAct(command: Command, name: string, summary: string): void {
  addClientFlags(command.command(`${name} <id>`).description(summary)).action(
    (id: string, flags: ClientFlags) => act(flags, id, name, {}),
  );
}

async function act(flags: ClientFlags, id: string, name: string, body: unknown): Promise<void> {
  const changed = await new AdminApi(flags.data).post(`${pathOf(id)}/${name}`, body, machine);
  print(flags.json === true, changed, () => describeMachine(changed));
}

function defineSnapshots(command: Command): void {
  const rows = z.array(snapshot);
  addClientFlags(command.command("list <id>").description("all of one machine")).action(
    async (id: string, flags: ClientFlags) => {
      show(flags, await new AdminApi(flags.data).get(`${pathOf(id)}/snapshots`, rows));
    },
  );
  addClientFlags(command.command("create <id> <name>").description("keep the state of now")).action(
    async (id: string, name: string, flags: ClientFlags) => {
      show(flags, await new AdminApi(flags.data).post(`${pathOf(id)}/snapshots`, { name }, rows));
    },
  );
  addClientFlags(
    command.command("restore <id> <name>").description("go back; what came after is lost"),
  ).action((id: string, name: string, flags: ClientFlags) =>
    act(flags, id, `snapshots/${encodeURIComponent(name)}/restore`, {}),
  );
  addClientFlags(command.command("remove <id> <name>").description("forget one")).action(
    async (id: string, name: string, flags: ClientFlags) => {
      await new AdminApi(flags.data).remove(`${pathOf(id)}/snapshots/${encodeURIComponent(name)}`);
      print(flags.json === true, { id, name }, () => `Snapshot ${name} is removed.\n`);
    },
  );
}

function show(flags: ClientFlags, snapshots: readonly Snapshot[]): void {
  const listed = snapshots.map((row) => ({
    ...row,
    id: row.name,
    state: row.withMemory ? "memory" : "disk",
  }));
  print(flags.json === true, listed, () =>
    formatTable(
      ["SNAPSHOT", "TAKEN", "SIZE", "KEEPS"],
      listed.map((row) => [row.name, formatAge(row.createdAt), formatBytes(row.bytes), row.state]),
    ),
  );
}

function pathOf(id: string): string {
  return `/machines/${encodeURIComponent(id)}`;
}
