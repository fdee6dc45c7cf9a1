import { Option, type Command } from "commander";
import type { ServerOptions } from "../programs/server.ts";
import { collect, parseHostPort } from "../terminal/arguments.ts";
import { describeFirstLogin } from "../terminal/welcome.ts";
import type { ProgramFlags } from "./program-options.ts";

export interface ServerFlags {
  readonly listen: string;
  readonly rfbListen: string;
  readonly advertise?: string;
  readonly data: string;
  readonly database?: string;
  readonly allowOrigin?: string[];
  readonly mip1Allow?: string[];
  readonly mip1Endpoint: string;
  readonly mip1Identifiers?: string;
}

/** The flags that `server` and `up` have in common. */
export function addServerFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--listen <host:port>", "web, WebSocket and agents, all in TLS; port 0 takes any")
        .env("POSTERN_LISTEN")
        .default("127.0.0.1:8443"),
    )
    .addOption(
      new Option("--rfb-listen <host:port>", "plain VNC viewers; `none` for no such listener")
        .env("POSTERN_RFB_LISTEN")
        .default("127.0.0.1:5900"),
    )
    .option("--advertise <host:port>", "the address that people and agents are told; default: --listen")
    .addOption(
      new Option("--data <dir>", "database, keys and audit log").env("POSTERN_DATA").makeOptionMandatory(),
    )
    .addOption(
      new Option("--database <url>", "sqlite:PATH or postgres://…; default: a SQLite file in --data").env(
        "POSTERN_DATABASE",
      ),
    )
    .option(
      "--allow-origin <origin>",
      "another web origin whose pages may open desktops; repeatable",
      collect,
    )
    .option(
      "--mip1-allow <cidr>",
      "an address or range whose agents may speak MiP 1; repeatable; default: nobody",
      collect,
    )
    .addOption(
      new Option("--mip1-endpoint <host:port>", "the VNC server that MiP 1 agents are asked to dial").default(
        "localhost:5900",
      ),
    )
    .option("--mip1-identifiers <file>", "only MiP 1 agents whose identifier is a line of this file");
}

/** @throws ConfigError */
export function readServerFlags(flags: ServerFlags & ProgramFlags): ServerOptions {
  return {
    listen: parseHostPort(flags.listen),
    rfbListen: flags.rfbListen === "none" ? null : parseHostPort(flags.rfbListen),
    advertise: flags.advertise === undefined ? null : parseHostPort(flags.advertise),
    dataDir: flags.data,
    database: flags.database ?? null,
    allowOrigins: flags.allowOrigin ?? [],
    mip1: {
      allow: flags.mip1Allow ?? [],
      endpoint: parseHostPort(flags.mip1Endpoint),
      ...(flags.mip1Identifiers !== undefined && { identifiersFile: flags.mip1Identifiers }),
    },
    readyFile: flags.readyFile ?? null,
    onFirstLogin: (login) => process.stdout.write(describeFirstLogin(login)),
  };
}
