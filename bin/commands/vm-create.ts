import { DATA_DISK_NAME, ConfigError } from "../../protocol/index.ts";
import type { Command } from "commander";
import { machine, type Machine } from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError } from "../admin-api.ts";
import { readText } from "../programs/option-files.ts";
import { parseDurationSeconds, parseInteger, parseSize } from "../terminal/option-parsers.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";
import { describeMachine, describeState } from "./describe-machine.ts";

interface CreateFlags extends AdminApiFlags {
  readonly name?: string;
  readonly cpus?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly emptyDisk?: boolean;
  readonly dataDisk?: { readonly name: string; readonly sizeGb: number };
  readonly script?: string;
  readonly oneShot?: boolean;
  readonly lifetime?: number;
  readonly display?: string;
  readonly monitors?: number;
  readonly keymap?: string;
  readonly network?: string;
  readonly gpu?: string;
  readonly master?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  postern vm create memtest86+ --name check-1 --data /var/lib/postern --wait
  postern vm create debian-desktop --cpus 4 --memory 8G --disk 40G --lifetime 8h --data /var/lib/postern
  postern vm create debian-desktop --one-shot --data-disk home:20 --script setup.sh --data /var/lib/postern
`;

const WAIT_POLL_MS = 300;
const WAIT_LIMIT_MS = 300_000;

export function defineMachineCreate(command: Command): void {
  addAdminApiFlags(
    command.command("create <image>").description("a new machine; its desktop has the machine's name"),
  )
    .option("--name <name>", "default: the image's name and a number")
    .option("--cpus <n>", "processors", parseInteger("--cpus", 1))
    .option("--memory <size>", "memory: MiB, or 512M, 8G", parseSize("--memory", "MiB", 16))
    .option("--disk <size>", "size of its disk: GiB, or 40G, 1T", parseSize("--disk", "GiB", 1))
    .option("--empty-disk", "an empty disk of --disk beside an installation image; --disk alone does it too")
    .option("--data-disk <name:size>", "a disk that outlives machines; made at its first use", parseDataDisk)
    .option("--script <file>", "a boot script")
    .option("--one-shot", "ends a minute after its last viewer left; nothing of it stays")
    .option(
      "--lifetime <time>",
      "how long it runs: seconds, or 30m, 8h, 2d",
      parseDurationSeconds("--lifetime", 60),
    )
    .option("--display <adapter>", "std, qxl, virtio, vmware, cirrus or none")
    .option("--monitors <n>", "screens, where the adapter has more than one", parseInteger("--monitors", 1))
    .option("--keymap <layout>", "QEMU's name of a keyboard layout: en-us, fr, …")
    .option("--network <kind>", "none, isolated or internet")
    .option("--gpu <mode>", "passthrough or mdev")
    .option("--master", "write to the image itself; needs the privilege master")
    .option("--wait", "return when it runs, or has failed")
    .addHelpText("after", EXAMPLES)
    .action(async (imageId: string, flags: CreateFlags) => {
      const api = new AdminApi(flags);
      const created = await api.post("/machines", await buildCreateRequest(imageId, flags), machine);
      const shown = flags.wait === true ? await waitUntilSettled(api, created) : created;
      printResult(flags.json === true, shown, () => describeMachine(shown));
      if (shown.state === "failed") process.exitCode = ExitCode.failed;
    });
}

async function buildCreateRequest(image: string, flags: CreateFlags): Promise<Record<string, unknown>> {
  const { name, cpus, memory, disk, emptyDisk, dataDisk, oneShot, lifetime, display, monitors } = flags;
  const { keymap, network, gpu, master } = flags;
  const script = flags.script === undefined ? undefined : await readText(flags.script);
  return {
    ...{ image, name, cpus, memoryMb: memory, diskGb: disk, emptyDisk, dataDisk, script, oneShot },
    ...{ lifetimeSeconds: lifetime, display, monitors, keymap, network, gpu, master },
  };
}

/** `NAME:SIZE`, in GiB. @throws ConfigError `DATA_DISK`, `SIZE` */
function parseDataDisk(text: string): { name: string; sizeGb: number } {
  const [, name = "", size = ""] = /^(.*):([^:]+)$/.exec(text) ?? [];
  if (!DATA_DISK_NAME.test(name))
    throw new ConfigError(
      "DATA_DISK",
      `--data-disk ${text}: write NAME:SIZE, for example home:20 or home:20G.`,
    );
  return { name, sizeGb: parseSize("--data-disk", "GiB", 1)(size) };
}

async function waitUntilSettled(api: AdminApi, created: Machine): Promise<Machine> {
  const started = Date.now();
  let last = created;
  while (last.state !== "running" && last.state !== "failed") {
    if (Date.now() - started > WAIT_LIMIT_MS) {
      throw new AdminApiError(
        "WAIT_TIMEOUT",
        `${last.name} is still ${last.state} after 5 minutes.`,
        ExitCode.failed,
      );
    }
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${describeProgress(last)}`);
    await new Promise((resolve) => setTimeout(resolve, WAIT_POLL_MS));
    last = await api.get(`/machines/${encodeURIComponent(created.id)}`, machine);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  return last;
}

function describeProgress(row: Machine): string {
  return `${row.name}: ${describeState(row)} ${row.reason ?? ""}`;
}
