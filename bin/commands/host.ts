import { Option, type Command } from "commander";
import { parseGpuPolicy } from "../../launcher/index.ts";
import { locateHostFolders } from "../programs/data-dirs.ts";
import { startHost } from "../programs/host.ts";
import { exitOnFault, runUntilSignal } from "../programs/process-lifecycle.ts";
import { openLog } from "../programs/log.ts";
import { writeReadyFile } from "../programs/ready-file.ts";
import {
  collectValues,
  parseDurationSeconds,
  parseInteger,
  parsePositiveNumber,
  parseSize,
} from "../terminal/option-parsers.ts";
import { addAgentFlags, readAgentFlags, type AgentFlags } from "./agent-options.ts";
import { addGpuFlags } from "./gpu-options.ts";
import { addProgramFlags, type ProgramFlags } from "./program-options.ts";
import { addScriptFlags, readScriptFlags } from "./script-options.ts";
import type { HostFlags } from "../programs/host-flags.ts";

const EXAMPLES = `
Examples:
  postern host --proxy desk.example.org:8443 --fingerprint 5f3a… --join-file join.secret \\
      --data /var/lib/postern-host --state /var/lib/postern-host/machines

Machines outlive this program: stop it, update it, start it again, and it adopts them.
`;

/** The flags that `host` and `up` have in common. */
export function addHostFlags(command: Command): Command {
  return addScriptFlags(addGpuFlags(command))
    .option("--images <dir>", "images that `postern image` added; default: DATA/images")
    .option(
      "--catalogue <file>",
      "images that can be started here (JSON); default: what Debian packages offer",
    )
    .addOption(
      new Option("--accel <how>", "processor acceleration; auto measures it")
        .choices(["auto", "kvm", "tcg"])
        .default("auto"),
    )
    .option(
      "--stop-grace <time>",
      "between the power button and switching off: seconds, or 2m",
      parseDurationSeconds("--stop-grace", 0),
      30,
    )
    .option("--max-instances <count>", "machines that run at once", parseInteger("--max-instances", 0), 100)
    .option(
      "--max-load <load>",
      "load average per processor above which no machine is started; default: none",
      parsePositiveNumber("--max-load"),
    )
    .option(
      "--memory-reserve <size>",
      "memory that is kept for the host itself: MiB, or 2G",
      parseSize("--memory-reserve", "MiB", 0),
      256,
    )
    .option(
      "--user-data-gb <size>",
      "data disks of one person on this host: GiB, or 1T; default: no limit",
      parseSize("--user-data-gb", "GiB", 0),
    )
    .option(
      "--server-images-gb <size>",
      "disk for images that the server sends: GiB, or 1T; 0: none is taken",
      parseSize("--server-images-gb", "GiB", 0),
      100,
    )
    .option(
      "--allow-shares <dir>",
      "images may share this folder, and all below it, into guests; repeat for more",
      collectValues,
    )
    .option("--allow-qemu-args", "images may bring arguments for QEMU (`postern image … --qemu-arg`)")
    .option(
      "--vm-user <name>",
      "as root: the account that machines run as; `root` for root itself; default: postern-vm",
    )
    .option(
      "--net-allow <cidr[:port]>",
      "machines with internet may also go there, like 10.1.2.0/24 or 127.0.0.1:3128; repeat for more",
      collectValues,
    )
    .option(
      "--net-forward <machine=port>",
      "a port of this host leads into that machine, like lab=tcp:127.0.0.1:8022:22; repeat for more",
      collectValues,
    )
    .addOption(
      new Option("--demo <when>", "publish a small demo desktop; auto: when there is no QEMU")
        .choices(["auto", "always", "never"])
        .default("auto"),
    );
}

export function defineHost(command: Command): void {
  addProgramFlags(addHostFlags(addAgentFlags(command)))
    .option("--state <dir>", "machines live here; default: DATA/machines")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AgentFlags & HostFlags & ProgramFlags) => {
      const agent = await readAgentFlags(flags);
      const log = openLog("host", flags);
      exitOnFault(log);
      const host = await startHost(
        {
          agent,
          catalogueFile: flags.catalogue ?? null,
          ...locateHostFolders(flags.data, flags),
          accel: flags.accel,
          stopGraceMs: flags.stopGrace * 1000,
          limits: {
            maxInstances: flags.maxInstances,
            maxLoad: flags.maxLoad ?? Number.POSITIVE_INFINITY,
            memoryReserveMb: flags.memoryReserve,
            serverImagesGb: flags.serverImagesGb,
            ...(flags.userDataGb === undefined ? {} : { userDataGb: flags.userDataGb }),
          },
          allowedShares: flags.allowShares ?? [],
          allowQemuArgs: flags.allowQemuArgs ?? false,
          networks: { allow: flags.netAllow ?? [], forward: flags.netForward ?? [] },
          vmUser: flags.vmUser ?? null,
          gpu: parseGpuPolicy(flags.gpu ?? [], flags.gpuDeny ?? [], flags.gpuMdevType),
          bootScripts: readScriptFlags(flags),
          demo: flags.demo,
        },
        log,
      );
      await runUntilSignal(host, log, async () => {
        await host.ready;
        await writeReadyFile(flags.readyFile, { ready: true }, log);
        log.info({ event: "program.ready" }, "this host is connected");
      });
    });
}
