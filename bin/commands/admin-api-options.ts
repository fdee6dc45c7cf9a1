import { Option, type Command } from "commander";

/** The flags of every command that sends requests to a running server. */
export interface AdminApiFlags {
  readonly data: string;
  readonly json?: boolean;
}

export function addAdminApiFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--data <dir>", "the server's data folder").env("POSTERN_DATA").makeOptionMandatory(),
    )
    .option("--json", "one JSON value on standard output");
}
