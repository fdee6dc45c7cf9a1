import type { Command } from "commander";
import { z } from "zod";
import { bootLog, image, machine, snapshot, type MachineSnapshot } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseDurationSeconds } from "../terminal/option-parsers.ts";
import { formatAge, formatByteCount, formatTable, printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { findHost, findMachine } from "./find-named.ts";
import { describeMachine } from "./describe-machine.ts";

const STATE_COMMANDS = {
  start: "switch a stopped machine on again; a saved one goes on where it was",
  pause: "let its processors stand still",
  resume: "let a paused machine go on",
  reset: "press its reset button",
  keep: "cancel `stop` before it is switched off; a guest that shuts down already ends all the same",
  save: "put its memory on disk and switch it off",
} as const;

const DATA = "--data /var/lib/postern";

/** One example under the help of a command. */
function addExample(command: Command, words: string): Command {
  return command.addHelpText("after", `\nExample:\n  postern vm ${words} ${DATA}\n`);
}

/** The commands for one machine, given by its name or its id. */
export function defineMachineControl(command: Command): void {
  for (const [act, summary] of Object.entries(STATE_COMMANDS)) defineStateCommand(command, act, summary);
  addExample(
    addAdminApiFlags(
      command
        .command("stop <machine>")
        .description("press its power button; after a while it is switched off"),
    ),
    "stop check-1",
  )
    .option("--force", "switch it off now")
    .action((reference: string, flags: AdminApiFlags & { readonly force?: boolean }) =>
      sendCommand(flags, reference, "stop", { force: flags.force === true }),
    );
  addExample(
    addAdminApiFlags(command.command("extend <machine>").description("give it more time, from now on")),
    "extend check-1 --by 2h",
  )
    .option("--by <time>", "seconds, or 30m, 8h, 2d; default: its lifetime", parseDurationSeconds("--by", 60))
    .action((reference: string, flags: AdminApiFlags & { readonly by?: number }) =>
      sendCommand(flags, reference, "extend", { seconds: flags.by }),
    );
  addExample(
    addAdminApiFlags(
      command
        .command("adopt <machine>")
        .description("give it to another host that has it: its own is gone, or has another key now"),
    ),
    "adopt check-1 --host rack-2",
  )
    .requiredOption("--host <host>", "the host's name or id")
    .action(async (reference: string, flags: AdminApiFlags & { readonly host: string }) => {
      const { api, path } = await openMachine(flags, reference);
      const { id: hostId } = await findHost(api, flags.host);
      const adopted = await api.post(`${path}/adopt`, { hostId }, machine);
      printResult(flags.json === true, adopted, () => describeMachine(adopted));
    });
  addExample(
    addAdminApiFlags(command.command("close <machine>").description("end a one-shot machine at once")),
    "close check-1",
  ).action(async (reference: string, flags: AdminApiFlags) => {
    const { api, path, id, name } = await openMachine(flags, reference);
    await api.post(`${path}/close`, {}, z.unknown());
    printResult(flags.json === true, { id }, () => `Machine ${name} ends.\n`);
  });
  addExample(
    addAdminApiFlags(command.command("remove <machine>").description("delete a machine and its disk")),
    "remove check-1",
  ).action(async (reference: string, flags: AdminApiFlags) => {
    const { api, path, id, name } = await openMachine(flags, reference);
    await api.remove(path);
    printResult(flags.json === true, { id }, () => `Machine ${name} is removed.\n`);
  });
  addExample(
    addAdminApiFlags(
      command.command("boot-log <machine>").description("the end of what it wrote to its serial port"),
    ),
    "boot-log check-1",
  ).action(async (reference: string, flags: AdminApiFlags) => {
    const { api, path } = await openMachine(flags, reference);
    const log = await api.get(`${path}/boot-log`, bootLog);
    printResult(flags.json === true, log, () => {
      // A serial port's line ends have a carriage return; the pieces of a line that it wrote over are shown one after the other.
      const text = log.text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
      return text.endsWith("\n") ? text : `${text}\n`;
    });
  });
  addExample(
    addAdminApiFlags(
      command
        .command("save-as-image <machine> <image>")
        .description("make a stopped machine's disk an image of its host"),
    ),
    "save-as-image check-1 course-2026 --title Course",
  )
    .option("--title <title>", "what people see; default: the image's name")
    .option("--compress", "a smaller image, which takes longer to make")
    .action(
      async (
        reference: string,
        name: string,
        flags: AdminApiFlags & { readonly title?: string; readonly compress?: boolean },
      ) => {
        const { api, path } = await openMachine(flags, reference);
        const wanted = { image: name, title: flags.title ?? name, compress: flags.compress === true };
        const made = await api.post(`${path}/save-as-image`, wanted, image);
        printResult(flags.json === true, made, () => `Image ${made.id} is there.\n`);
      },
    );
  defineSnapshots(
    addExample(
      command.command("snapshot").description("states of a machine to go back to"),
      "snapshot list check-1",
    ),
  );
}

function defineStateCommand(command: Command, name: string, summary: string): void {
  addExample(
    addAdminApiFlags(command.command(`${name} <machine>`).description(summary)),
    `${name} check-1`,
  ).action((reference: string, flags: AdminApiFlags) => sendCommand(flags, reference, name, {}));
}

async function sendCommand(
  flags: AdminApiFlags,
  reference: string,
  name: string,
  body: unknown,
): Promise<void> {
  const { api, path } = await openMachine(flags, reference);
  const changed = await api.post(`${path}/${name}`, body, machine);
  printResult(flags.json === true, changed, () => describeMachine(changed));
}

function defineSnapshots(command: Command): void {
  const rows = z.array(snapshot);
  addExample(
    addAdminApiFlags(command.command("list <machine>").description("all of one machine")),
    "snapshot list check-1",
  ).action(async (reference: string, flags: AdminApiFlags) => {
    const { api, path } = await openMachine(flags, reference);
    printSnapshots(flags, await api.get(`${path}/snapshots`, rows));
  });
  addExample(
    addAdminApiFlags(command.command("create <machine> <name>").description("keep the state of now")),
    "snapshot create check-1 before-update",
  ).action(async (reference: string, name: string, flags: AdminApiFlags) => {
    const { api, path } = await openMachine(flags, reference);
    printSnapshots(flags, await api.post(`${path}/snapshots`, { name }, rows));
  });
  addExample(
    addAdminApiFlags(
      command.command("restore <machine> <name>").description("go back; what came after is lost"),
    ),
    "snapshot restore check-1 before-update",
  ).action((reference: string, name: string, flags: AdminApiFlags) =>
    sendCommand(flags, reference, `snapshots/${encodeURIComponent(name)}/restore`, {}),
  );
  addExample(
    addAdminApiFlags(command.command("remove <machine> <name>").description("forget one")),
    "snapshot remove check-1 before-update",
  ).action(async (reference: string, name: string, flags: AdminApiFlags) => {
    const { api, path, id } = await openMachine(flags, reference);
    await api.remove(`${path}/snapshots/${encodeURIComponent(name)}`);
    printResult(flags.json === true, { id, name }, () => `Snapshot ${name} is removed.\n`);
  });
}

function printSnapshots(flags: AdminApiFlags, snapshots: readonly MachineSnapshot[]): void {
  const listed = snapshots.map((row) => ({
    ...row,
    id: row.name,
    state: row.withMemory ? "memory" : "disk",
  }));
  printResult(flags.json === true, listed, () =>
    formatTable(
      ["SNAPSHOT", "TAKEN", "SIZE", "KEEPS"],
      listed.map((row) => [row.name, formatAge(row.createdAt), formatByteCount(row.bytes), row.state]),
    ),
  );
}

/**
 * The machine that the person named, and its path in the API.
 * @throws AdminApiError `MACHINE_UNKNOWN`, `MACHINE_AMBIGUOUS`
 */
async function openMachine(flags: AdminApiFlags, reference: string) {
  const api = new AdminApi(flags);
  const { id, name } = await findMachine(api, reference);
  return { api, id, name, path: `/machines/${encodeURIComponent(id)}` };
}
