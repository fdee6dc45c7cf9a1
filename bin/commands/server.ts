import type { Command } from "commander";
import { checkStart } from "../programs/check-start.ts";
import { exitOnFault, runUntilSignal } from "../programs/process-lifecycle.ts";
import { openLog } from "../programs/log.ts";
import { writeReadyFile } from "../programs/ready-file.ts";
import { startServer } from "../programs/start-server.ts";
import { formatServerSummary } from "../programs/startup-summary.ts";
import { addProgramFlags, type ProgramFlags } from "./program-options.ts";
import { addServerFlags, readServerFlags, type ServerFlags } from "./server-options.ts";

const EXAMPLES = `
Examples:
  postern server --listen 0.0.0.0:443 --rfb-listen 0.0.0.0:5900 --data /var/lib/postern \\
      --advertise desk.example.org:443
  postern server --listen 127.0.0.1:0 --rfb-listen 127.0.0.1:0 --data ./data --ready-file ready.json
`;

export function defineServer(command: Command): void {
  addProgramFlags(addServerFlags(command))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ServerFlags & ProgramFlags) => {
      const options = readServerFlags(flags);
      await checkStart(options);
      const log = openLog("server", flags);
      exitOnFault(log);
      const server = await startServer(options, log);
      await runUntilSignal(server, log, async () => {
        process.stdout.write(formatServerSummary(server));
        await writeReadyFile(flags.readyFile, server.ports, log);
      });
    });
}
