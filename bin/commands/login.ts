import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { Option, type Command } from "commander";
import type { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";
import {
  apiScope,
  deviceLogin,
  deviceToken,
  errorBody,
  me,
  type DeviceToken,
} from "../../web/api/schemas.ts";
import { AdminApi, AdminApiError, describeUnreachable } from "../admin-api.ts";
import { askOverHttps, fetchAuthority, type HttpAnswer } from "../remote/https-request.ts";
import { findRemoteServer, keepRemoteServer, readServerList } from "../remote/server-list.ts";
import { collectValues } from "../terminal/option-parsers.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { printResult } from "../terminal/output.ts";

interface LoginFlags {
  readonly name?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly scope?: string[];
  readonly json?: boolean;
}

interface Connection {
  readonly url: string;
  readonly ca: string | null;
}

const TOKEN_FORM = /^pst_[\w-]{43}$/;
const USUAL_SCOPES = ["read", "machines", "desktops"];
const NAME_LENGTH = 64;
const EXAMPLES = `
Examples:
  postern login https://desk.example.org
  postern login https://desk.example.org:8443 --fingerprint 9f86d081… --name desk
  postern login https://desk.example.org --token-file desk.token --scope read
  postern vm list --server desk.example.org
  postern logout desk.example.org

It prints a code. Who is signed in at the server's page types it there (/device) and says what the command line may. What it gets is an
API token for a month, kept in ~/.config/postern/servers.json for you alone. --fingerprint is what the server printed at its start.
`;

export function defineLogin(command: Command): void {
  command
    .argument("<url>", "https://HOST[:PORT]")
    .option("--name <name>", "what to call it; default: its host's name")
    .option("--token-file <file>", "its first line is an API token; without it a person confirms at the page")
    .addOption(new Option("--ca <file>", "the certificate authority to trust, PEM").conflicts("fingerprint"))
    .option("--fingerprint <hex>", "of the server's own certificate authority")
    .addOption(
      new Option("--scope <scope>", "what to ask for; several times for more")
        .choices(apiScope.options)
        .argParser(collectValues),
    )
    .option("--json", "one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, flags: LoginFlags) => {
      const url = parseUrl(text);
      const connection = { url: url.origin, ca: await readAuthority(url.origin, flags) };
      const token =
        flags.tokenFile === undefined
          ? await askPerson(connection, flags.scope ?? USUAL_SCOPES)
          : await readToken(flags.tokenFile);
      const who = readAnswer(await ask(connection, "GET", "/me", undefined, token), me);
      const name = flags.name ?? url.hostname;
      await keepRemoteServer(name, { ...connection, token });
      printResult(
        flags.json === true,
        { server: name, url: url.origin, user: who.name, role: who.role },
        () => `You are ${who.name} at ${url.origin}. Commands take it as --server ${name}.\n`,
      );
    });
}

export function defineLogout(command: Command): void {
  command
    .argument("[name]", "the server; may be left out where there is one")
    .option("--json", "one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (given: string | undefined, flags: Pick<LoginFlags, "json">) => {
      const names = Object.keys(await readServerList());
      const name = given ?? (names.length === 1 ? names[0] : undefined);
      if (name === undefined)
        throw new ConfigError(
          "SERVER_UNNAMED",
          `Which one? You are signed in to: ${names.join(", ") || "none"}.`,
        );
      await findRemoteServer(name);
      let isEnded = true;
      try {
        await new AdminApi({ server: name }).post("/logout", {}, errorBody.optional());
      } catch (error) {
        // A token that has ended already need not be ended; one that cannot be reached is told.
        if (!(error instanceof AdminApiError)) throw error;
        isEnded = error.code === "API_TOKEN_REFUSED";
      }
      await keepRemoteServer(name, null);
      const rest = isEnded ? "" : " The server could not be asked: its API token works until it ends there.";
      printResult(
        flags.json === true,
        { server: name, ended: isEnded },
        () => `Signed out of ${name}.${rest}\n`,
      );
    });
}

/** @throws ConfigError `SERVER_URL` */
function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new ConfigError("SERVER_URL", `${text}: write https://HOST or https://HOST:PORT.`);
}

async function readAuthority(url: string, { ca, fingerprint }: LoginFlags): Promise<string | null> {
  if (ca !== undefined)
    return readFile(ca, "utf8").catch((cause: unknown) => {
      throw new ConfigError("CA_FILE", `The file ${ca} cannot be read.`, { cause });
    });
  if (fingerprint === undefined) return null;
  try {
    return await fetchAuthority(url, fingerprint);
  } catch (error) {
    throw error instanceof ConfigError ? error : describeUnreachable(url, error);
  }
}

/** @throws ConfigError `TOKEN_FILE` */
async function readToken(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new ConfigError("TOKEN_FILE", `The token file ${file} cannot be read.`, { cause });
  });
  const [line = ""] = text.split(/\r?\n/);
  if (TOKEN_FORM.test(line)) return line;
  throw new ConfigError("TOKEN_FILE", `The first line of ${file} is no API token.`);
}

/** Shows a code, and waits until somebody has typed it at the page. @throws AdminApiError `LOGIN_EXPIRED` */
async function askPerson(connection: Connection, scopes: readonly string[]): Promise<string> {
  const name = `postern of ${userInfo().username} at ${hostname()}`.slice(0, NAME_LENGTH);
  const begun = readAnswer(await ask(connection, "POST", "/device-logins", { name, scopes }), deviceLogin);
  process.stderr.write(`Open ${connection.url}/device and type this code:\n\n  ${begun.code}\n\n`);
  const tries = Math.ceil((begun.expiresAt - Date.now()) / (begun.intervalSeconds * 1000));
  for (let count = 0; count < Math.min(tries, 1000); count += 1) {
    await wait(begun.intervalSeconds * 1000);
    const answer = await ask(connection, "POST", "/device-logins/token", { device: begun.device });
    if (answer.status === 202) continue;
    if (answer.status === 410) break;
    const given: DeviceToken = readAnswer(answer, deviceToken);
    return given.token;
  }
  throw new AdminApiError(
    "LOGIN_EXPIRED",
    "Nobody confirmed the code in time, or it was refused.",
    ExitCode.refused,
  );
}

async function ask(
  { url, ca }: Connection,
  method: string,
  path: string,
  body?: unknown,
  token: string | null = null,
): Promise<HttpAnswer> {
  try {
    return await askOverHttps({ method, url, path: `/api/v1${path}`, body, ca, token });
  } catch (error) {
    throw describeUnreachable(url, error);
  }
}

function readAnswer<T>({ status, text }: HttpAnswer, shape: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { data } = shape.safeParse(value);
  if (status < 400 && data !== undefined) return data;
  const refused = errorBody.safeParse(value);
  if (!refused.success)
    throw new AdminApiError(
      "SERVER_ERROR",
      `The server answered ${status}, and not as Postern does.`,
      ExitCode.failed,
    );
  const { code, message } = refused.data.error;
  throw new AdminApiError(code, message, ExitCode.refused);
}
