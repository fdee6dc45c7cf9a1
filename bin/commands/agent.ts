import type { Command } from "commander";
import { startAgent } from "../../agent/index.ts";
import { RequestError, systemClock } from "../../protocol/index.ts";
import { exitOnFault, runUntilSignal } from "../programs/process-lifecycle.ts";
import { openLog } from "../programs/log.ts";
import { writeReadyFile } from "../programs/ready-file.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { defineAgentAdministration } from "./agent-administration.ts";
import { refuseUnknownCommand } from "../terminal/unknown-command.ts";
import { addAgentFlags, readAgentFlags, type AgentFlags } from "./agent-options.ts";
import { addProgramFlags, type ProgramFlags } from "./program-options.ts";

const EXAMPLES = `
Examples:
  postern agent --proxy desk.example.org:8443 --fingerprint 5f3a… --join-file join.secret \\
      --data ~/.postern-agent --desktop lab-1=tcp:127.0.0.1:5901
  postern agent --proxy desk.example.org:8443 --fingerprint 5f3a… --data ~/.postern-agent \\
      --desktop bench=unix:/run/bench/vnc.sock --vnc-password-file bench=/etc/bench.pw

The agent only dials out and listens nowhere. After the first start its key is in --data; the join
secret is not needed again.
`;

export function defineAgent(command: Command): void {
  addProgramFlags(addAgentFlags(command));
  // The subcommands have their own options and do not need these.
  command.enablePositionalOptions();
  const required = command.options.filter(({ mandatory }) => mandatory);
  for (const option of required) option.mandatory = false;
  defineAgentAdministration(command);
  command
    .usage("[options]  |  list|revoke|rotate|allow-host …")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments()
    .action(async (flags: AgentFlags & ProgramFlags) => {
      refuseUnknownCommand(command);
      for (const option of required) {
        if (command.getOptionValue(option.attributeName()) === undefined)
          command.error(`error: required option '${option.flags}' not specified`, {
            exitCode: ExitCode.usage,
          });
      }
      const options = await readAgentFlags(flags);
      const log = openLog("agent", flags);
      exitOnFault(log);
      const agent = startAgent({
        ...options,
        role: "agent",
        onRequest: refuseRequests,
        log,
        clock: systemClock,
      });
      await runUntilSignal(agent, log, async () => {
        await agent.ready;
        const desktops = options.desktops.map(({ name }) => name);
        await writeReadyFile(flags.readyFile, { ready: true, desktops }, log);
        log.info({ event: "program.ready", desktops: desktops.length }, "desktops are published");
      });
    });
}

function refuseRequests(method: string): Promise<never> {
  return Promise.reject(
    new RequestError("NOT_A_HOST", `asked for ${method}, but this is no host`, {
      safeMessage: "This agent publishes desktops only; it makes no machines.",
    }),
  );
}
