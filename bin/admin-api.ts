import { existsSync } from "node:fs";
import http from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorBody } from "../web/api/schemas.ts";
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

/** The REST API over the administrator's Unix socket of the server whose data folder is `dataDir`. */
export class AdminApi {
  readonly #dataDir: string;
  #socketPath: string | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** A command that asks the same server, to be copied. @param words without the program, as `vm list` */
  formatCommand(words: string): string {
    return `postern ${words} --data ${quoteWord(this.#dataDir)}`;
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
    this.#socketPath ??= await this.#findSocket();
    const { status, text } = await this.#request(this.#socketPath, method, path, body);
    const answer: unknown = text === "" ? undefined : JSON.parse(text);
    if (status < 400) return shape.parse(answer);
    const parsed = errorBody.safeParse(answer);
    if (!parsed.success)
      throw new AdminApiError("SERVER_ERROR", `The server answered ${status}.`, ExitCode.failed);
    const { code, message, choices, field = null } = parsed.data.error;
    throw new AdminApiError(code, message, chooseExitCode(status, code), choices, field);
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

  #request(
    socketPath: string,
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; text: string }> {
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

function chooseExitCode(status: number, code: string): ExitCode {
  if (code === "DESKTOP_AMBIGUOUS" || status === 400) return ExitCode.usage;
  if (status === 401 || status === 403 || status === 409 || status === 429) return ExitCode.refused;
  return ExitCode.failed;
}
