import type { Command } from "commander";
import { z } from "zod";
import { bootLog, image, machine, snapshot, type MachineSnapshot } from "../../web/index.ts";
import { AdminApi } from "../admin-api.ts";
import { parseSeconds } from "../terminal/arguments.ts";
import { formatAge, formatBytes, formatTable, print } from "../terminal/table.ts";
import { addClientFlags, type ClientFlags } from "./client-options.ts";
import { findMachine } from "./find-named.ts";
import { describeMachine } from "./vm-table.ts";

const ACTS = {
  start: "switch a stopped machine on again; a saved one goes on where it was",
  pause: "let its processors stand still",
  resume: "let a paused machine go on",
  reset: "press its reset button",
  save: "put its memory on disk and switch it off",
} as const;

/** What can be done with one machine, named by its name or its id. */
export function defineActs(command: Command): void {
  for (const [act, summary] of Object.entries(ACTS)) defineAct(command, act, summary);
  addClientFlags(
    command.command("stop <machine>").description("press its power button; after a while it is switched off"),
  )
    .option("--force", "switch it off now")
    .action((reference: string, flags: ClientFlags & { readonly force?: boolean }) =>
      act(flags, reference, "stop", { force: flags.force === true }),
    );
  addClientFlags(command.command("extend <machine>").description("give it more time, from now on"))
    .option("--by <time>", "seconds, or 30m, 8h, 2d; default: its lifetime", parseSeconds("--by", 60))
    .action((reference: string, flags: ClientFlags & { readonly by?: number }) =>
      act(flags, reference, "extend", { seconds: flags.by }),
    );
  addClientFlags(command.command("close <machine>").description("end a one-shot machine at once")).action(
    async (reference: string, flags: ClientFlags) => {
      const { api, path, id, name } = await open(flags, reference);
      await api.post(`${path}/close`, {}, z.unknown());
      print(flags.json === true, { id }, () => `Machine ${name} ends.\n`);
    },
  );
  addClientFlags(command.command("remove <machine>").description("delete a machine and its disk")).action(
    async (reference: string, flags: ClientFlags) => {
      const { api, path, id, name } = await open(flags, reference);
      await api.remove(path);
      print(flags.json === true, { id }, () => `Machine ${name} is removed.\n`);
    },
  );
  addClientFlags(
    command.command("boot-log <machine>").description("the end of what it wrote to its serial port"),
  ).action(async (reference: string, flags: ClientFlags) => {
    const { api, path } = await open(flags, reference);
    const log = await api.get(`${path}/boot-log`, bootLog);
    print(flags.json === true, log, () => (log.text.endsWith("\n") ? log.text : `${log.text}\n`));
  });
  addClientFlags(
    command
      .command("save-as-image <machine> <image>")
      .description("make a stopped machine's disk an image of its host"),
  )
    .option("--title <title>", "what people see; default: the image's name")
    .action(async (reference: string, name: string, flags: ClientFlags & { readonly title?: string }) => {
      const { api, path } = await open(flags, reference);
      const made = await api.post(
        `${path}/save-as-image`,
        { image: name, title: flags.title ?? name },
        image,
      );
      print(flags.json === true, made, () => `Image ${made.id} is there.\n`);
    });
  defineSnapshots(command.command("snapshot").description("states of a machine to go back to"));
}

function defineAct(command: Command, name: string, summary: string): void {
  addClientFlags(command.command(`${name} <machine>`).description(summary)).action(
    (reference: string, flags: ClientFlags) => act(flags, reference, name, {}),
  );
}

async function act(flags: ClientFlags, reference: string, name: string, body: unknown): Promise<void> {
  const { api, path } = await open(flags, reference);
  const changed = await api.post(`${path}/${name}`, body, machine);
  print(flags.json === true, changed, () => describeMachine(changed));
}

function defineSnapshots(command: Command): void {
  const rows = z.array(snapshot);
  addClientFlags(command.command("list <machine>").description("all of one machine")).action(
    async (reference: string, flags: ClientFlags) => {
      const { api, path } = await open(flags, reference);
      show(flags, await api.get(`${path}/snapshots`, rows));
    },
  );
  addClientFlags(command.command("create <machine> <name>").description("keep the state of now")).action(
    async (reference: string, name: string, flags: ClientFlags) => {
      const { api, path } = await open(flags, reference);
      show(flags, await api.post(`${path}/snapshots`, { name }, rows));
    },
  );
  addClientFlags(
    command.command("restore <machine> <name>").description("go back; what came after is lost"),
  ).action((reference: string, name: string, flags: ClientFlags) =>
    act(flags, reference, `snapshots/${encodeURIComponent(name)}/restore`, {}),
  );
  addClientFlags(command.command("remove <machine> <name>").description("forget one")).action(
    async (reference: string, name: string, flags: ClientFlags) => {
      const { api, path, id } = await open(flags, reference);
      await api.remove(`${path}/snapshots/${encodeURIComponent(name)}`);
      print(flags.json === true, { id, name }, () => `Snapshot ${name} is removed.\n`);
    },
  );
}

function show(flags: ClientFlags, snapshots: readonly MachineSnapshot[]): void {
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

/** The machine that a person means, and its place in the API. @throws ApiError `MACHINE_UNKNOWN`, `MACHINE_AMBIGUOUS` */
async function open({ data }: ClientFlags, reference: string) {
  const api = new AdminApi(data);
  const { id, name } = await findMachine(api, reference);
  return { api, id, name, path: `/machines/${encodeURIComponent(id)}` };
}
