import { formatHostPort, systemClock } from "../../protocol/index.ts";
import { join } from "node:path";
import type { Command } from "commander";
import { grantMachineAccountTraversal } from "../../launcher/index.ts";
import { checkStart } from "../programs/check-start.ts";
import { hasQemu } from "../programs/host.ts";
import { keepHostRunning } from "../programs/host-process.ts";
import { exitOnFault, runUntilSignal } from "../programs/process-lifecycle.ts";
import { openLog } from "../programs/log.ts";
import { writeReadyFile } from "../programs/ready-file.ts";
import { startServer } from "../programs/start-server.ts";
import { hostDataDirOfUp, openDataDir } from "../programs/data-dirs.ts";
import { formatServerSummary } from "../programs/startup-summary.ts";
import { addHostFlags } from "./host.ts";
import { addProgramFlags, type ProgramFlags } from "./program-options.ts";
import { readScriptFlags } from "./script-options.ts";
import { addServerFlags, readServerFlags, type ServerFlags } from "./server-options.ts";
import type { HostFlags } from "../programs/host-flags.ts";

const EXAMPLES = `
Examples:
  postern up --data ./postern-data
  postern up --listen 0.0.0.0:8443 --rfb-listen 0.0.0.0:5900 --data /var/lib/postern --accel tcg
`;

const HOST_READY_TIMEOUT_MS = 60_000;

export function defineUp(command: Command): void {
  addProgramFlags(addHostFlags(addServerFlags(command)))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ServerFlags & HostFlags & ProgramFlags) => {
      // Errors that the host would report are reported here, where the person sees them.
      readScriptFlags(flags);
      const options = readServerFlags(flags);
      await checkStart(options);
      const dataDir = await openDataDir(flags.data);
      const logFile = flags.logFile ?? join(dataDir, "postern.log");
      const log = openLog("up", { logLevel: flags.logLevel, logFile });
      exitOnFault(log);
      await grantMachineAccountTraversal(flags.vmUser ?? null, dataDir);
      const server = await startServer(options, log);
      const host = keepHostRunning({
        dataDir: hostDataDirOfUp(dataDir),
        proxy: formatHostPort(server.proxy.addresses.listen),
        fingerprint: server.proxy.fingerprint,
        joinSecret: async () => {
          // Its own host, on its own machine.
          await server.proxy.auditDurably({
            action: "join.create",
            outcome: "success",
            role: "host",
            reason: "ADMITTED",
            actorName: "up",
          });
          return (await server.proxy.createJoinSecret({ role: "host", admit: true })).secret;
        },
        flags,
        logFile,
        log,
        clock: systemClock,
      });
      const close = async (): Promise<void> => {
        await host.close();
        await server.close();
      };
      await runUntilSignal({ close }, log, async () => {
        // The host is connected too, or takes its time; not only the server listens.
        await host.waitUntilReady(HOST_READY_TIMEOUT_MS);
        await writeReadyFile(flags.readyFile, server.ports, log);
        process.stdout.write(formatServerSummary(server));
        process.stdout.write(
          hasQemu()
            ? ""
            : `  There is no QEMU here, so this is the demo desktop.\n  For machines: ${process.getuid?.() === 0 ? "" : "sudo "}apt-get install qemu-system-x86 qemu-utils memtest86+\n\n`,
        );
        process.stdout.write(
          `  Log            ${logFile}\n  Ctrl-C stops the server. Machines go on and are adopted at the next start.\n\n`,
        );
      });
    });
}
