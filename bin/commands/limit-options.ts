import { Option, type Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { PRIVILEGES, type Privilege } from "../../orchestrator/index.ts";
import type { LimitsFileOptions } from "../programs/limits-file.ts";
import { parseDurationSeconds, parseInteger, parseSize } from "../terminal/option-parsers.ts";

export interface LimitFlags {
  readonly limits?: string;
  readonly userMachines?: number | "none";
  readonly userTokens?: number | "none";
  readonly userCpus?: number;
  readonly userMemoryMb?: number;
  readonly userDiskGb?: number;
  readonly maxLifetime?: number;
  readonly userMay?: Privilege[];
}

/** The flags for the limits of people who are not administrators. */
export function addLimitFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--limits <file>", "what roles and single people may have of machines (JSON)").env(
        "POSTERN_LIMITS",
      ),
    )
    .option(
      "--user-machines <n>",
      "machines of one person, or `none` for no limit; default: 20",
      parseCountOrNone("--user-machines"),
    )
    .option(
      "--user-tokens <n>",
      "tokens of one person that work, or `none` for no limit; default: 100",
      parseCountOrNone("--user-tokens"),
    )
    .option(
      "--user-cpus <n>",
      "processors of a person's machines that are on",
      parseInteger("--user-cpus", 0),
    )
    .option(
      "--user-memory-mb <size>",
      "memory of a person's machines that are on: MiB, or 16G",
      parseSize("--user-memory-mb", "MiB", 0),
    )
    .option(
      "--user-disk-gb <size>",
      "disks of one person's machines: GiB, or 1T",
      parseSize("--user-disk-gb", "GiB", 0),
    )
    .option(
      "--max-lifetime <time>",
      "how long a person's machine runs at most: seconds, or 30m, 8h, 2d",
      parseDurationSeconds("--max-lifetime", 60),
    )
    .option(
      "--user-may <list>",
      "script,internet,gpu,master with commas between, or `nothing`; default: internet",
      parsePrivileges,
    );
}

export function readLimitFlags(flags: LimitFlags): LimitsFileOptions {
  return {
    file: flags.limits ?? null,
    user: {
      ...(flags.userMachines !== undefined && { machines: readCount(flags.userMachines) }),
      ...(flags.userTokens !== undefined && { tokens: readCount(flags.userTokens) }),
      ...(flags.userCpus !== undefined && { cpus: flags.userCpus }),
      ...(flags.userMemoryMb !== undefined && { memoryMb: flags.userMemoryMb }),
      ...(flags.userDiskGb !== undefined && { diskGb: flags.userDiskGb }),
      ...(flags.maxLifetime !== undefined && { lifetimeSeconds: flags.maxLifetime }),
      ...(flags.userMay !== undefined && { may: flags.userMay }),
    },
  };
}

/** Null: no limit. */
function readCount(count: number | "none"): number | null {
  return count === "none" ? null : count;
}

/** @throws ConfigError `NUMBER` */
function parseCountOrNone(option: string): (text: string) => number | "none" {
  const parse = parseInteger(option, 0);
  return (text) => (text === "none" ? text : parse(text));
}

/** @throws ConfigError `PRIVILEGE` */
function parsePrivileges(text: string): Privilege[] {
  if (text === "nothing") return [];
  return text.split(",").map((word) => {
    const privilege = PRIVILEGES.find((known) => known === word.trim());
    if (privilege !== undefined) return privilege;
    throw new ConfigError("PRIVILEGE", `--user-may ${word}: write ${PRIVILEGES.join(", ")} or nothing.`);
  });
}
