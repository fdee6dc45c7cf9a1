import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { ScriptPolicy } from "../../launcher/index.ts";
import { ConfigError } from "../../protocol/index.ts";
import { collectValues } from "../terminal/option-parsers.ts";
import type { ScriptFlags } from "../programs/host-flags.ts";

/** The flags for what boot scripts may do on a host. */
export function addScriptFlags(command: Command): Command {
  return command
    .option(
      "--boot-scripts <dir>",
      "machines may have boot scripts; those given as paths are read in this folder; default: none run",
    )
    .option(
      "--boot-script-host <host[:port]>",
      "their URLs may lead there, although it is this host or its neighbour; repeat for more",
      collectValues,
    )
    .option("--boot-script-network", "virt-customize may use this host's network, to install packages");
}

/** Undefined: boot scripts are disabled. @throws ConfigError `SCRIPT_FOLDER` */
export function readScriptFlags(flags: ScriptFlags): ScriptPolicy | undefined {
  const { bootScripts, bootScriptHost = [], bootScriptNetwork = false } = flags;
  if (bootScripts === undefined) {
    if (bootScriptHost.length === 0 && !bootScriptNetwork) return undefined;
    throw createScriptFlagError(
      "--boot-script-host and --boot-script-network say more about --boot-scripts DIR: add it.",
    );
  }
  const folder = resolve(bootScripts);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw createScriptFlagError(
      `--boot-scripts ${bootScripts}: there is no such folder. Make it; it may be empty.`,
    );
  return { folder, allowHosts: bootScriptHost, network: bootScriptNetwork };
}

function createScriptFlagError(text: string): ConfigError {
  return ConfigError.public("SCRIPT_FOLDER", text);
}
