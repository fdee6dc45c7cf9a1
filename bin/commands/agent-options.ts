import { cleanName, SHA256_HEX, ConfigError, desktopName } from "../../protocol/index.ts";
import { hostname } from "node:os";
import { isAbsolute } from "node:path";
import { Option, type Command } from "commander";
import type {
  AgentOptions,
  Endpoint,
  HttpProxySettings,
  PublishedDesktop,
  TransportChoice,
  ServerTrust,
} from "../../agent/index.ts";
import { openDataDir } from "../programs/data-dirs.ts";
import { readSecretFile, readText } from "../programs/option-files.ts";
import { collectValues, parseAddress, parseNameValue } from "../terminal/option-parsers.ts";
import { addVncFlags, readVncFlags, type VncFlags, type VncLogin } from "./vnc-options.ts";

export interface AgentFlags extends VncFlags {
  readonly proxy: string[];
  readonly fingerprint?: string;
  readonly caFile?: string;
  readonly joinFile?: string;
  readonly data: string;
  readonly name: string;
  readonly desktop?: string[];
  readonly allowServer?: string[];
  readonly httpProxy?: string;
  readonly transport: TransportChoice;
}

/** The flags that `agent` and `host` have in common. */
export function addAgentFlags(command: Command): Command {
  command
    .addOption(
      new Option("--proxy <host:port>", "server to dial; repeat for more than one")
        .argParser(collectValues)
        .env("POSTERN_PROXY")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--fingerprint <hex>", "the service's fingerprint, as `postern join create` prints it")
        .env("POSTERN_FINGERPRINT")
        .conflicts("caFile"),
    )
    .option("--ca-file <file>", "trust this CA certificate (PEM) instead of a fingerprint")
    .option(
      "--join-file <file>",
      "file with the join secret, - for standard input; or set POSTERN_JOIN. Needed once",
    )
    .addOption(
      new Option("--data <dir>", "where this agent keeps its key").env("POSTERN_DATA").makeOptionMandatory(),
    )
    .option("--name <name>", "what administrators see; viewers never do", cleanName(hostname().slice(0, 64)))
    .option(
      "--desktop <name=endpoint>",
      "publish NAME=tcp:HOST:PORT or NAME=unix:/PATH; repeatable",
      collectValues,
    )
    .addOption(
      new Option(
        "--http-proxy <url>",
        "go out through this HTTP proxy (http://[USER:PASSWORD@]HOST:PORT); none: whatever HTTPS_PROXY says, do not",
      ).env("POSTERN_HTTP_PROXY"),
    )
    .addOption(
      new Option("--transport <how>", "auto: plain TLS, or a WebSocket over HTTPS where that does not pass")
        .choices(["auto", "tls", "websocket"])
        .default("auto"),
    );
  return addVncFlags(command).option(
    "--allow-server <host:port>",
    "another server this agent may be sent to (.SUFFIX:PORT works)",
    collectValues,
  );
}

/** @throws ConfigError when flags, files or the environment are invalid */
export async function readAgentFlags(
  flags: AgentFlags,
): Promise<Omit<AgentOptions, "role" | "onRequest" | "log" | "clock">> {
  const given = (flags.desktop ?? []).map((text) => parseNameValue(text, "--desktop"));
  const names = new Set(given.map(({ name }) => name));
  if (names.size < given.length)
    throw new ConfigError("DESKTOP_TWICE", "Two --desktop options share a name.");
  const logins = await readVncFlags(flags, names);
  const desktops = given.map(({ name, value }) => readDesktop(name, value, logins.get(name)));
  return {
    servers: flags.proxy.map(parseAddress),
    allowServers: flags.allowServer ?? [],
    trust: await readTrust(flags),
    httpProxy: readHttpProxy(flags.httpProxy, process.env),
    transport: flags.transport,
    joinSecret: await readJoinSecret(flags.joinFile),
    dataDir: await openDataDir(flags.data),
    name: readName(flags.name),
    desktops,
  };
}

function readName(name: string): string {
  if (name.length <= 64 && cleanName(name) === name && name !== "") return name;
  throw new ConfigError("AGENT_NAME", "--name: 1 to 64 visible characters in one line.");
}

/** The flag, else the environment in curl's syntax. With the environment, loopback is never proxied. */
export function readHttpProxy(flag: string | undefined, env: NodeJS.ProcessEnv): HttpProxySettings | null {
  if (flag === "none") return null;
  if (flag !== undefined && flag !== "") return { url: flag, bypass: "" };
  const url = env["https_proxy"] ?? env["HTTPS_PROXY"] ?? "";
  const bypass = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  return url === "" ? null : { url, bypass: `localhost,127.0.0.0/8,::1,${bypass}` };
}

async function readTrust(flags: AgentFlags): Promise<ServerTrust> {
  if (flags.caFile !== undefined) return { kind: "ca", pem: await readText(flags.caFile) };
  const sha256 = flags.fingerprint?.replaceAll(":", "").toLowerCase();
  if (sha256 !== undefined && !SHA256_HEX.test(sha256)) {
    const digits = /^[0-9a-f]*$/.test(sha256)
      ? `it has ${sha256.length} hex digits`
      : "it is not hexadecimal";
    throw new ConfigError(
      "FINGERPRINT",
      `--fingerprint ${flags.fingerprint ?? ""} is no fingerprint: ${digits}, and one has 64 hex digits. The server prints it, as does its \`postern join create\`.`,
    );
  }
  if (sha256 === undefined) {
    throw new ConfigError(
      "FINGERPRINT",
      "Whom should this agent trust? Give --fingerprint (64 hex digits; the server prints it) or --ca-file.",
    );
  }
  return { kind: "fingerprint", sha256 };
}

async function readJoinSecret(file: string | undefined): Promise<string | null> {
  const given = process.env["POSTERN_JOIN"];
  if (file === undefined) return given === undefined || given === "" ? null : given;
  try {
    return await readSecretFile(file);
  } catch {
    // With a stored key the file is not needed. The agent checks whether there is one.
    return null;
  }
}

function readDesktop(name: string, endpoint: string, login: VncLogin = {}): PublishedDesktop {
  const checked = desktopName.safeParse(name);
  if (!checked.success) {
    throw new ConfigError(
      "DESKTOP_NAME",
      `"${name}" cannot name a desktop: 1 to 64 visible characters, no slash.`,
    );
  }
  return { name, endpoint: parseEndpoint(endpoint), ...login };
}

function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("tcp:")) return { kind: "tcp", ...parseAddress(text.slice(4)) };
  if (text.startsWith("unix:") && isAbsolute(text.slice(5))) return { kind: "unix", path: text.slice(5) };
  throw new ConfigError("ENDPOINT", `"${text}" is no endpoint. Write tcp:HOST:PORT or unix:/ABSOLUTE/PATH.`);
}
