import { Option, type Command } from "commander";
import { excludeMemoryFromCoreDumps } from "../programs/core-dumps.ts";

export interface ProgramFlags {
  readonly readyFile?: string;
  readonly logLevel: string;
  readonly logFile?: string;
}

/** The flags of every long-running program: server, host, agent, up. */
export function addProgramFlags(command: Command): Command {
  return command
    .hook("preAction", excludeMemoryFromCoreDumps)
    .option("--ready-file <file>", "written once everything is up")
    .addOption(
      new Option("--log-level <level>", "how much to log")
        .choices(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
        .env("POSTERN_LOG_LEVEL")
        .default("info"),
    )
    .option("--log-file <file>", "append the log (JSON lines) to this file instead of standard error");
}
