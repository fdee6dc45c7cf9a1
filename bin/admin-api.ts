import { existsSync } from "node:fs";
import http from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorBody } from "../web/api/schemas.ts";
import { ConfigError } from "../protocol/index.ts";
import { askOverHttps, type HttpAnswer } from "./remote/https-request.ts";
import { findRemoteServer, type RemoteServer } from "./remote/server-list.ts";
import { hostDataDirOfUp, RUNTIME_FILE } from "./programs/data-dirs.ts";
import { isServerStarting } from "./programs/start-socket.ts";
import { quoteWord } from "./terminal/program-name.ts";
import { ExitCode } from "./terminal/exit-codes.ts";

type InvalidField = NonNullable<z.infer<typeof errorBody>["error"]["field"]>;

/** The server refused the request, or could not be reached. */
export class AdminApiError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly choices: readonly string[];
  /** What of the request is wrong; null: nothing of it, or the server does not say. */
  readonly field: InvalidField | null;

  constructor(
    code: string,
    message: string,
    exitCode: ExitCode,
    choices: readonly string[] = [],
    field: InvalidField | null = null,
  ) {
    super(message);
    this.name = "AdminApiError";
    this.code = code;
    this.exitCode = exitCode;
    this.choices = choices;
    this.field = field;
  }
}

/** The file that a running server writes to its data folder, for the commands that talk to it. */
export const runtimeFile = z.object({
  pid: z.number().int(),
  adminSocket: z.string(),
  /** Where it listens; absent: it was started by an older release. */
  listen: z.object({ host: z.string(), port: z.number().int() }).optional(),
});

/** Which server a command asks. */
export interface ServerChoice {
  /** The data folder of one on this machine. */
  readonly data?: string;
  /** The name of one that `postern login` has signed in to; it counts before `data`, which may come from the environment. */
  readonly server?: string;
}

/** The REST API, over the administrator's Unix socket of a server on this machine or over TLS with an API token. */
export class AdminApi {
  readonly #dataDir: string;
  readonly #serverName: string | null;
  #socketPath: string | undefined;
  #remote: RemoteServer | undefined;

  /** @throws ConfigError `SERVER_UNNAMED` */
  constructor(choice: string | ServerChoice) {
    const { data, server }: ServerChoice = typeof choice === "string" ? { data: choice } : choice;
    if (data === undefined && server === undefined)
      throw new ConfigError(
        "SERVER_UNNAMED",
        "Which server? Name its data folder with --data, or one that you are signed in to with --server.",
      );
    this.#dataDir = data ?? "";
    this.#serverName = server ?? null;
  }

  /** A command that asks the same server, to be copied. @param words without the program, as `vm list` */
  formatCommand(words: string): string {
    const name = this.#serverName;
    return name === null
      ? `postern ${words} --data ${quoteWord(this.#dataDir)}`
      : `postern ${words} --server ${quoteWord(name)}`;
  }

  get<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    return this.#send("GET", path, undefined, shape);
  }

  post<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T> {
    return this.#send("POST", path, body, shape);
  }

  patch<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T> {
    return this.#send("PATCH", path, body, shape);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.#send("PUT", path, body, z.unknown());
  }

  async remove(path: string): Promise<void> {
    await this.#send("DELETE", path, undefined, z.unknown());
  }

  async #send<T>(method: string, path: string, body: unknown, shape: z.ZodType<T>): Promise<T> {
    const { status, text } = await (this.#serverName === null
      ? this.#askHere(method, path, body)
      : this.#askRemote(this.#serverName, method, path, body));
    const answer = readJson(text);
    if (status < 400) return shape.parse(answer);
    const parsed = errorBody.safeParse(answer);
    if (!parsed.success)
      throw new AdminApiError("SERVER_ERROR", `The server answered ${status}.`, ExitCode.failed);
    const { code, message, choices, field = null } = parsed.data.error;
    throw new AdminApiError(code, message, chooseExitCode(status, code), choices, field);
  }

  async #askHere(method: string, path: string, body: unknown): Promise<HttpAnswer> {
    this.#socketPath ??= await this.#findSocket();
    return this.#request(this.#socketPath, method, path, body);
  }

  async #askRemote(name: string, method: string, path: string, body: unknown): Promise<HttpAnswer> {
    this.#remote ??= await findRemoteServer(name);
    const { url, ca, token } = this.#remote;
    try {
      return await askOverHttps({ method, url, path: `/api/v1${path}`, body, ca, token });
    } catch (error) {
      throw describeUnreachable(url, error);
    }
  }

  async #findSocket(): Promise<string> {
    try {
      const text = await readFile(join(this.#dataDir, RUNTIME_FILE), "utf8");
      return runtimeFile.parse(JSON.parse(text)).adminSocket;
    } catch {
      throw await this.#createUnreachableError();
    }
  }

  async #createUnreachableError(): Promise<AdminApiError> {
    const dataDir = this.#dataDir;
    if (await isServerStarting(dataDir))
      return new AdminApiError(
        "SERVER_STARTING",
        `The server on ${dataDir} is just starting. Try again in a moment.`,
        ExitCode.unreachable,
      );
    const command = existsSync(hostDataDirOfUp(dataDir)) ? "up" : "server";
    return new AdminApiError(
      "SERVER_NOT_RUNNING",
      `No server runs on ${dataDir}. Start it with \`postern ${command} --data ${quoteWord(dataDir)}\`, or name its folder with --data.`,
      ExitCode.unreachable,
    );
  }

  #request(socketPath: string, method: string, path: string, body: unknown): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers = payload === undefined ? {} : { "content-type": "application/json" };
      const request = http.request({ socketPath, method, path: `/api/v1${path}`, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 500, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        const gone = error.code === "ENOENT" || error.code === "ECONNREFUSED";
        if (gone) this.#createUnreachableError().then(reject, reject);
        else reject(error);
      });
      request.end(payload);
    });
  }
}

/** Undefined: there is nothing, or no JSON. */
function readJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a server does not answer over TLS, with what helps. */
export function describeUnreachable(url: string, error: unknown): AdminApiError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isTrust = /CERT|SELF_SIGNED|ISSUER|SIGNATURE|ALTNAME/.test(code);
  return isTrust
    ? new AdminApiError(
        "SERVER_UNTRUSTED",
        `${url} has no certificate that this machine trusts (${code}). Give \`postern login\` --ca or --fingerprint.`,
        ExitCode.unreachable,
      )
    : new AdminApiError(
        "SERVER_UNREACHABLE",
        `${url} does not answer${code === "" ? "" : ` (${code})`}.`,
        ExitCode.unreachable,
      );
}

function chooseExitCode(status: number, code: string): ExitCode {
  if (code === "DESKTOP_AMBIGUOUS" || status === 400) return ExitCode.usage;
  if (status === 401 || status === 403 || status === 409 || status === 429) return ExitCode.refused;
  return ExitCode.failed;
}
