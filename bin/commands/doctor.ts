import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import type { z } from "zod";
import { examineHost, parseGpuPolicy, SysTree, type Finding } from "../../launcher/index.ts";
import { systemClock } from "../../protocol/index.ts";
import { runtimeFile } from "../admin-api.ts";
import { findHostDataDir, locateHostFolders, locateRuntimeDir, RUNTIME_FILE } from "../programs/data-dirs.ts";
import { collectValues, parseAddress } from "../terminal/option-parsers.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { printResult } from "../terminal/output.ts";
import { nameProgram } from "../terminal/program-name.ts";
import { addGpuFlags } from "./gpu-options.ts";
import type { GpuFlags } from "../programs/host-flags.ts";

interface DoctorFlags extends GpuFlags {
  readonly data: string;
  readonly state?: string;
  readonly vmUser?: string;
  readonly listen?: string[];
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  postern doctor                                          this machine, before the first start
  postern doctor --data /var/lib/postern --json           a server's machine, for a program
  postern doctor --data /var/lib/postern-host --gpu all   whether its GPUs can be given to machines

Give it the same --data, --state, --listen, --vm-user and --gpu as the program that runs here. Nothing is changed. Where
virt-customize is installed it is tried too, which takes a minute or two without KVM.
Ends with status 0 if nothing must be mended, else with 1.
`;

const DEFAULT_LISTEN = "127.0.0.1:8443";

export function defineDoctor(command: Command): void {
  addGpuFlags(
    command
      .addOption(
        new Option("--data <dir>", "data folder of the server or host here")
          .env("POSTERN_DATA")
          .default("postern-data"),
      )
      .option("--state <dir>", "machines live here; default: that of the host in --data")
      .option("--vm-user <name>", "as root: the account that machines run as; default: postern-vm")
      .option(
        "--listen <host:port>",
        `where the server is to listen; repeat for more; default: where the one of --data does, or ${DEFAULT_LISTEN}`,
        collectValues,
      ),
  )
    .option("--json", "one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DoctorFlags) => {
      const dataDir = resolve(flags.data);
      const hostData = findHostDataDir(dataDir);
      const stateDir = resolve(locateHostFolders(hostData, flags).stateDir);
      const server = await findServer(dataDir);
      const places = flags.listen?.map(parseAddress) ?? [server?.listen ?? parseAddress(DEFAULT_LISTEN)];
      const findings = await examineHost({
        tree: new SysTree(),
        clock: systemClock,
        searchPath: process.env["PATH"] ?? "",
        stateDir,
        ownFolders: [dataDir, hostData, stateDir],
        vmUser: flags.vmUser ?? null,
        runtimeDir: locateRuntimeDir(stateDir).path,
        gpu: parseGpuPolicy(flags.gpu ?? [], flags.gpuDeny ?? [], flags.gpuMdevType),
        ports: places.map((place) => ({ ...place, asked: flags.listen !== undefined })),
        server,
      });
      const fine = findings.every(({ state }) => state !== "missing");
      printResult(flags.json === true, { fine, findings }, () => nameProgram(formatFindings(findings)));
      if (!fine) process.exitCode = ExitCode.failed;
    });
}

/** The file that a server wrote to its data folder, whether it still runs or not. */
async function findServer(dataDir: string): Promise<z.infer<typeof runtimeFile> | null> {
  try {
    return runtimeFile.parse(JSON.parse(await readFile(join(dataDir, RUNTIME_FILE), "utf8")));
  } catch {
    return null;
  }
}

const SEVERITY_LABELS = { ok: "ok     ", advice: "advice ", missing: "MEND   " } as const;

function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map(({ state, text, remedy }) =>
    remedy === undefined
      ? `${SEVERITY_LABELS[state]} ${text}`
      : `${SEVERITY_LABELS[state]} ${text}\n        → ${remedy}`,
  );
  const count = findings.filter(({ state }) => state === "missing").length;
  const end =
    count === 0 ? "Nothing must be mended." : `${count} ${count === 1 ? "thing" : "things"} must be mended.`;
  return `${lines.join("\n")}\n\n${end}\n`;
}
