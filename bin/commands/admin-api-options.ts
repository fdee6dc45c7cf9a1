import { Option, type Command } from "commander";
import type { ServerChoice } from "../admin-api.ts";

/** The flags of every command that sends requests to a running server. */
export interface AdminApiFlags extends ServerChoice {
  readonly json?: boolean;
}

/** @param options `server`: false where the command has an option of this name for something else */
export function addAdminApiFlags(command: Command, { server = true } = {}): Command {
  command.addOption(
    new Option("--data <dir>", "the data folder of a server on this machine").env("POSTERN_DATA"),
  );
  if (server)
    command.option("--server <name>", "instead of --data: a server that `postern login` has signed in to");
  return command.option("--json", "one JSON value on standard output");
}
