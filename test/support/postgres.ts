import { randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { TestProcess, runProcess } from "./test-process.ts";

const BINARIES = "/usr/lib/postgresql";
const INSTALL = "PostgreSQL is not installed. Install Debian's package: apt-get install postgresql";

/** Nothing listens on the network, and nothing has to survive a power cut. */
const SETTINGS = { listen_addresses: "", fsync: "off", full_page_writes: "off", synchronous_commit: "off" };

export interface PostgresServer {
  /** Makes an empty database and returns its `postgres://` URL. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server of Debian's package in a folder of its own, on a Unix socket. Start one per test file.
 * @throws Error that names the package, when it is not installed
 */
export async function startPostgres(): Promise<PostgresServer> {
  const binaries = await findBinaries();
  const folder = await mkdtemp(path.join(tmpdir(), "pg-"));
  try {
    const server = await runServer(binaries, folder);
    return {
      createDatabase: () => createDatabase(folder),
      stop: () => stopServer(server, folder),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function runServer(binaries: string, folder: string): Promise<TestProcess> {
  const account = await readAccount();
  const data = path.join(folder, "data");
  await mkdir(data, { mode: 0o700 });
  const identity: string[] = [];
  if (account !== null) {
    identity.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups");
    for (const place of [folder, data]) await chown(place, account.uid, account.gid);
  }
  // A change of user forgets the signal that TestProcess asks for, so it is asked for again.
  const wrap = [...identity, "--pdeathsig", "QUIT", "--"];
  const init = [
    "-D",
    data,
    "-U",
    "postern",
    "--auth=trust",
    "--no-sync",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
  ];
  const made = await runProcess("setpriv", [...wrap, path.join(binaries, "initdb"), ...init], {
    cwd: folder,
  });
  if (made.code !== 0) throw new Error(`initdb failed: ${made.stderr}`);

  const options = Object.entries({ ...SETTINGS, unix_socket_directories: folder });
  const server = new TestProcess(
    "setpriv",
    [
      ...wrap,
      path.join(binaries, "postgres"),
      "-D",
      data,
      ...options.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { cwd: folder },
  );
  try {
    await server.waitForOutput(/database system is ready to accept connections/);
    return server;
  } catch (error) {
    await server.stop("SIGINT");
    throw error;
  }
}

async function stopServer(server: TestProcess, folder: string): Promise<void> {
  await server.stop("SIGINT");
  await rm(folder, { recursive: true, force: true });
}

async function createDatabase(folder: string): Promise<string> {
  const urlOf = (database: string) =>
    `postgres://postern@localhost/${database}?host=${encodeURIComponent(folder)}`;
  const name = `test_${randomBytes(6).toString("hex")}`;
  await queryPostgres(urlOf("postgres"), `create database ${name} strategy file_copy`);
  return urlOf(name);
}

/** Runs one statement on a connection of its own. */
export async function queryPostgres(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The whole database as SQL text. */
export async function dumpPostgres(url: string): Promise<string> {
  const dump = await runProcess(path.join(await findBinaries(), "pg_dump"), ["--dbname", url]);
  if (dump.code !== 0) throw new Error(`pg_dump failed: ${dump.stderr}`);
  return dump.stdout;
}

async function findBinaries(): Promise<string> {
  const versions = await readdir(BINARIES).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(INSTALL);
  return path.join(BINARIES, newest, "bin");
}

/** Whom root becomes, since PostgreSQL refuses to run as root; null: we are somebody else already. */
async function readAccount(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile("/etc/passwd", "utf8"));
  if (line === null) throw new Error(INSTALL);
  return { uid: Number(line[1]), gid: Number(line[2]) };
}
