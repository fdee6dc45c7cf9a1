import type { Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { repeaterId } from "../../web/api/schemas.ts";
import { AdminApi } from "../admin-api.ts";
import { parseDurationSeconds } from "../terminal/option-parsers.ts";
import { printResult } from "../terminal/output.ts";
import { addAdminApiFlags, type AdminApiFlags } from "./admin-api-options.ts";

interface CreateFlags extends AdminApiFlags {
  readonly desktop?: string;
  readonly server?: string;
  readonly short?: true;
  readonly ttl: number;
}

const EXAMPLES = `
Examples:
  postern repeater create --data /var/lib/postern --desktop lab-1
  postern repeater create --data /var/lib/postern --desktop lab-1 --short     # for Remmina
  postern repeater create --data /var/lib/postern --server old-laptop --ttl 7d
  x11vnc -connect repeater=ID:123456789+desk.example.org:5500
`;

export function defineRepeater(command: Command): void {
  command.addHelpText("after", EXAMPLES);
  addAdminApiFlags(
    command.command("create").description("a number for viewers, or for a VNC server that dials in"),
    { server: false },
  )
    .option("--desktop <name>", "for viewers of this desktop; they still need a token")
    .option(
      "--short",
      "with --desktop: a number of five digits, for viewers such as Remmina that take no longer one",
    )
    .option("--server <name>", "for a VNC server that needs no agent; the desktop gets this name")
    .option(
      "--ttl <time>",
      "how long the number works: seconds, or 30m, 8h, 2d",
      parseDurationSeconds("--ttl", 1),
      86_400,
    )
    .addHelpText("after", EXAMPLES)
    .action(async ({ data, json, desktop, server, short, ttl }: CreateFlags) => {
      if ((desktop === undefined) === (server === undefined)) {
        throw new ConfigError("REPEATER_FLAGS", "Give either --desktop or --server.");
      }
      if (short && desktop === undefined) {
        throw new ConfigError("REPEATER_FLAGS", "--short is for viewers: give it with --desktop.");
      }
      const body =
        desktop === undefined
          ? { server, ttlSeconds: ttl }
          : { desktop, ttlSeconds: ttl, ...(short && { short }) };
      const made = await new AdminApi({ ...(data !== undefined && { data }) }).post(
        "/repeater-ids",
        body,
        repeaterId,
      );
      printResult(json === true, made, () =>
        [`  ID        ${made.number}`, `  Expires   ${new Date(made.expiresAt).toISOString()}`, ""].join(
          "\n",
        ),
      );
    });
}
