import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { CleanupStack } from "./cleanup-stack.ts";
import { type Exit, runProcess, type RunResult, TestProcess } from "./test-process.ts";

export const POSTERN = fileURLToPath(new URL("../../bin/postern", import.meta.url));
const READY_TIMEOUT_MS = 60_000;

/** Runs one command of `bin/postern` to its end. */
export function runPostern(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  return runProcess(POSTERN, args, { env: cleanEnvironment(env) });
}

/** Runs a command with `--json` and gives its answer. @throws Error with its words when it fails. */
export async function runJson<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runPostern([...args, "--json"]);
  if (code !== 0) throw new Error(`postern ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}

/** The person's own settings must not reach a test. */
function cleanEnvironment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("POSTERN_"));
  return { ...Object.fromEntries(inherited), ...more };
}

/** A program of Postern that stays: it can be stopped, killed and started again with the same data and arguments. */
export class PosternProgram {
  /** Everything of this program lies below it: data, sockets, machines. */
  readonly folder: string;
  readonly data: string;
  readonly readyFile: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #command: readonly string[];
  #process: TestProcess | undefined;

  /** @param via goes before the program on its command line, for instance `ip netns exec NAME` */
  constructor(
    folder: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    via: readonly string[] = [],
  ) {
    this.folder = folder;
    this.data = path.join(folder, "data");
    this.readyFile = path.join(folder, "ready.json");
    // The tests' folders are closed to all accounts but this one.
    const account = ["up", "host"].includes(args[0] ?? "") ? ["--vm-user", "root"] : [];
    this.#args = [...args, ...account, "--data", this.data, "--ready-file", this.readyFile];
    this.#command = [...via, POSTERN];
    this.#env = cleanEnvironment({ POSTERN_RUNTIME_DIR: folder, ...env });
  }

  /** The process that runs now, or ran last. */
  get process(): TestProcess {
    if (this.#process === undefined) throw new Error("This program was never started.");
    return this.#process;
  }

  /** Starts it (again) and waits for its ready file, whose text it returns. */
  async start(moreArgs: readonly string[] = []): Promise<string> {
    await this.stopProcess();
    await rm(this.readyFile, { force: true });
    const [program = POSTERN, ...before] = this.#command;
    this.#process = new TestProcess(program, [...before, ...this.#args, ...moreArgs], { env: this.#env });
    return this.process.waitUntil(
      "its ready file",
      () => readFile(this.readyFile, "utf8").catch(() => undefined),
      READY_TIMEOUT_MS,
    );
  }

  /** Ends the program alone; machines that it started go on. */
  async stopProcess(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit | undefined> {
    return this.#process?.stop(signal, 15_000);
  }

  /** Ends the program and its machines. */
  async stop(): Promise<void> {
    await this.stopProcess();
    await killProcessesNaming(`${this.folder}/`);
  }
}

/** Kills the processes whose command line names something in this folder, such as machines that outlive the launcher. */
async function killProcessesNaming(folder: string): Promise<void> {
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!commandLine.includes(folder)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in between.
    }
  }
}

export interface ServerSettings {
  /** `server` alone, or `up` with a host. */
  readonly command?: "server" | "up";
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Goes before the program on its command line. */
  readonly via?: readonly string[];
}

/** A running server, and the commands that talk to it. */
export class PosternServer extends PosternProgram {
  /** The port of web, WebSocket and agents. */
  listen = 0;
  /** The port of plain VNC viewers. */
  rfb = 0;

  readPorts(ready: string): void {
    const { listen, rfb } = JSON.parse(ready) as { listen: number; rfb: number };
    this.listen = listen;
    this.rfb = rfb;
  }

  get origin(): string {
    return `https://127.0.0.1:${this.listen}`;
  }

  /** Starts it again on the same ports. */
  async restart(): Promise<void> {
    const ports = ["--listen", `127.0.0.1:${this.listen}`, "--rfb-listen", `127.0.0.1:${this.rfb}`];
    this.readPorts(await this.start(ports));
  }

  ask<T>(...command: string[]): Promise<T> {
    return runJson<T>([...command, "--data", this.data]);
  }

  /** For an agent; with `--host` and `--admit` for a host. */
  createJoin(...more: string[]): Promise<{ secret: string; fingerprint: string }> {
    return this.ask("join", "create", ...more);
  }

  async createToken(desktop: string, ...more: string[]): Promise<string> {
    const { token } = await this.ask<{ token: string }>("token", "create", "--desktop", desktop, ...more);
    return token;
  }

  createTicket(desktop: string, ...more: string[]): Promise<{ url: string; protocols: string[] }> {
    return this.ask("ticket", "create", "--desktop", desktop, ...more);
  }

  listDesktops(): Promise<{ id: string; name: string; state: string }[]> {
    return this.ask("desktop", "list");
  }
}

/** Starts a server on free ports of 127.0.0.1 with a fresh data folder. */
export async function startServerProgram(
  cleanup: CleanupStack,
  settings: ServerSettings = {},
): Promise<PosternServer> {
  const { command = "server", args = [], env, via } = settings;
  const ports = ["--listen", "127.0.0.1:0", "--rfb-listen", "127.0.0.1:0"];
  const server = new PosternServer(await cleanup.makeFolder(), [command, ...ports, ...args], env, via);
  cleanup.add(server);
  server.readPorts(await server.start());
  return server;
}

export interface AgentSettings {
  /** `agent`, or `host` with a launcher. */
  readonly command?: "agent" | "host";
  /** Name to endpoint (`tcp:HOST:PORT` or `unix:/PATH`), or to an endpoint with the VNC server's password. */
  readonly desktops?: Readonly<
    Record<string, string | { readonly endpoint: string; readonly password: string }>
  >;
  /** Where to dial instead of the server itself, for instance a recorder. */
  readonly proxy?: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Goes before the program on its command line, for instance `ip netns exec NAME`. */
  readonly via?: readonly string[];
}

/** Enrols an agent or host at a server and waits until its desktops are published. */
export async function startAgentProgram(
  cleanup: CleanupStack,
  server: PosternServer,
  settings: AgentSettings = {},
): Promise<PosternProgram> {
  const {
    command = "agent",
    desktops = {},
    proxy = `127.0.0.1:${server.listen}`,
    args = [],
    env,
    via,
  } = settings;
  const folder = await cleanup.makeFolder();
  const secrets = path.join(folder, "secrets");
  await mkdir(secrets);
  const { secret, fingerprint } = await server.createJoin(
    ...(command === "host" ? ["--host", "--admit"] : []),
  );
  const joinFile = path.join(secrets, "join");
  await writeFile(joinFile, secret, { mode: 0o600 });
  const flags = ["--proxy", proxy, "--fingerprint", fingerprint, "--join-file", joinFile];
  for (const [index, [name, desktop]] of Object.entries(desktops).entries()) {
    const endpoint = typeof desktop === "string" ? desktop : desktop.endpoint;
    flags.push("--desktop", `${name}=${endpoint}`);
    if (typeof desktop === "string") continue;
    const file = path.join(secrets, `vnc-${index}`);
    await writeFile(file, desktop.password, { mode: 0o600 });
    flags.push("--vnc-password-file", `${name}=${file}`);
  }
  const agent = cleanup.add(new PosternProgram(folder, [command, ...flags, ...args], env, via));
  await agent.start();
  return agent;
}

/** Enrols a host: an agent with a launcher. Its machines end with the test. */
export function startHostProgram(
  cleanup: CleanupStack,
  server: PosternServer,
  { catalogue, args = [], ...settings }: AgentSettings & { readonly catalogue?: string } = {},
): Promise<PosternProgram> {
  const images = catalogue === undefined ? [] : ["--catalogue", catalogue];
  return startAgentProgram(cleanup, server, { ...settings, command: "host", args: [...images, ...args] });
}
