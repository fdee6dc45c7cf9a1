import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import type { AccountRole } from "../../proxy/index.ts";
import { accountRole } from "../../web/api/schemas.ts";
import type { ServerOptions } from "../programs/start-server.ts";
import { collectValues, parseAddress } from "../terminal/option-parsers.ts";
import { formatFirstLogin } from "../programs/startup-summary.ts";
import { addLimitFlags, readLimitFlags, type LimitFlags } from "./limit-options.ts";
import type { ProgramFlags } from "./program-options.ts";

export interface ServerFlags extends LimitFlags {
  readonly listen: string;
  readonly rfbListen: string;
  readonly repeaterViewers?: string;
  readonly repeaterServers?: string;
  readonly advertise?: string;
  readonly data: string;
  readonly database?: string;
  readonly allowOrigin?: string[];
  readonly mip1Allow?: string[];
  readonly mip1Endpoint: string;
  readonly mip1Identifiers?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly proxyProtocolFrom?: string[];
  readonly trustProxy?: string[];
  readonly serverImages?: string;
  readonly signIn?: string;
  readonly requireFactorFor?: AccountRole[];
  readonly signUp?: "approve";
  readonly plainSignIn?: boolean;
}

/** The flags that `server` and `up` have in common. */
export function addServerFlags(command: Command): Command {
  return addLimitFlags(addListenFlags(command));
}

function addListenFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--listen <host:port>",
        "everything: web, WebSocket, agents and VNC viewers; port 0 takes any",
      )
        .env("POSTERN_LISTEN")
        .default("127.0.0.1:8443"),
    )
    .addOption(
      new Option(
        "--rfb-listen <host:port>",
        "VNC viewers alone, greeted at once; `none` for no such listener",
      )
        .env("POSTERN_RFB_LISTEN")
        .default("127.0.0.1:5900"),
    )
    .option("--repeater-viewers <host:port>", "UltraVNC's repeater, mode II, for viewers that ask for an ID")
    .option("--repeater-servers <host:port>", "and for VNC servers that dial in with an ID")
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
      collectValues,
    )
    .option(
      "--mip1-allow <cidr>",
      "an address or range whose agents may speak MiP 1; repeatable; default: nobody",
      collectValues,
    )
    .addOption(
      new Option("--mip1-endpoint <host:port>", "the VNC server that MiP 1 agents are asked to dial").default(
        "localhost:5900",
      ),
    )
    .option("--mip1-identifiers <file>", "only MiP 1 agents whose identifier is a line of this file")
    .addOption(
      new Option(
        "--cert <file>",
        "certificate chain for browsers and viewers (PEM), followed when it changes",
      ).env("POSTERN_CERT"),
    )
    .addOption(new Option("--key <file>", "the private key of --cert (PEM)").env("POSTERN_KEY"))
    .option(
      "--proxy-protocol-from <cidr>",
      "a load balancer whose connections begin with a PROXY protocol header; repeatable",
      collectValues,
    )
    .addOption(
      new Option(
        "--server-images <dir>",
        "images that hosts get from this server when they need them; default: none",
      ).env("POSTERN_SERVER_IMAGES"),
    )
    .addOption(
      new Option(
        "--sign-in <file>",
        "who may enter: the sign-in providers in their order (JSON); default: this server's own accounts",
      ).env("POSTERN_SIGN_IN"),
    )
    .addOption(
      new Option(
        "--sign-up <how>",
        "`approve`: strangers may ask for an account, and administrators answer; default: they may not",
      )
        .env("POSTERN_SIGN_UP")
        .choices(["approve"]),
    )
    .addOption(
      new Option(
        "--require-factor-for <roles>",
        "roles that need a second factor beside the password, with commas between; default: none",
      )
        .env("POSTERN_REQUIRE_FACTOR_FOR")
        .argParser(parseRoles),
    )
    .option(
      "--plain-sign-in",
      "names and passwords may be typed on the screen of VNC viewers that do not encrypt; default: no",
    )
    .option(
      "--trust-proxy <cidr>",
      "a reverse proxy whose X-Forwarded-For is believed; repeatable; default: nobody's",
      collectValues,
    );
}

/** @throws ConfigError */
export function readServerFlags(flags: ServerFlags & ProgramFlags): ServerOptions {
  return {
    listen: parseAddress(flags.listen),
    rfbListen: flags.rfbListen === "none" ? null : parseAddress(flags.rfbListen),
    repeaterViewers: parseOptional(flags.repeaterViewers),
    repeaterServers: parseOptional(flags.repeaterServers),
    advertise: flags.advertise === undefined ? null : parseAddress(flags.advertise),
    dataDir: flags.data,
    database: flags.database ?? null,
    allowOrigins: flags.allowOrigin ?? [],
    mip1: {
      allow: flags.mip1Allow ?? [],
      endpoint: parseAddress(flags.mip1Endpoint),
      ...(flags.mip1Identifiers !== undefined && { identifiersFile: flags.mip1Identifiers }),
    },
    siteCertificate: readCertificateFlags(flags),
    proxyProtocolFrom: flags.proxyProtocolFrom ?? [],
    trustedProxies: flags.trustProxy ?? [],
    limits: readLimitFlags(flags),
    signInFile: flags.signIn ?? null,
    requireFactorFor: flags.requireFactorFor ?? [],
    signUp: flags.signUp !== undefined,
    plainSignIn: flags.plainSignIn === true,
    imagesDir: flags.serverImages === undefined ? null : resolve(flags.serverImages),
    onFirstLogin: (login) => process.stdout.write(formatFirstLogin(login)),
  };
}

function parseRoles(text: string): AccountRole[] {
  return text.split(",").map((name) => {
    const { data: role } = accountRole.safeParse(name.trim());
    if (role !== undefined) return role;
    throw new InvalidArgumentError(
      `There is no role "${name.trim()}". Choose from: ${accountRole.options.join(", ")}.`,
    );
  });
}

function parseOptional(text: string | undefined): ServerOptions["repeaterViewers"] {
  return text === undefined ? null : parseAddress(text);
}

function readCertificateFlags({ cert, key }: ServerFlags): ServerOptions["siteCertificate"] {
  if (cert === undefined && key === undefined) return null;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new ConfigError("CERTIFICATE_FLAGS", "--cert and --key go together: give both or neither.");
}
